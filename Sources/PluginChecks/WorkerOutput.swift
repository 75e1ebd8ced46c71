import Foundation

/// Writes messages of a worker to a descriptor that no plugin knows.
package enum WorkerOutput {
  /// Writes all bytes. The process ends where nobody listens any more.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { _exit(1) }
      rest = rest.dropFirst(count)
    }
  }
}
