import Foundation
import JSON

/// A message of a worker to its supervisor: one JSON object a line.
package protocol WorkerMessage: Codable {}

extension WorkerMessage {
  /// `nil` for a line that no worker writes.
  package init?(line: some Collection<UInt8>) {
    guard let message = try? JSONRecord.decode(Self.self, from: Array(line)) else { return nil }
    self = message
  }

  /// The message as text, with the line break at the end.
  package var line: [UInt8] {
    // Numbers are finite and texts are Unicode, so nothing in it can fail to be encoded.
    let data = (try? JSONEncoder().encode(self)) ?? Data()
    return [UInt8](data) + [UInt8(ascii: "\n")]
  }

  /// Writes the message to a descriptor that no plugin knows. The process ends where nobody listens any
  /// more.
  package func write(to descriptor: Int32) {
    var rest = line[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { _exit(1) }
      rest = rest.dropFirst(count)
    }
  }
}
