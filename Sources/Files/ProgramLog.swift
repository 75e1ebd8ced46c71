import Foundation
import Synchronization

/// Writes what a program prints to the host's standard error, line by line: the run's log.
package final class ProgramLog: Sendable {
  /// The longest line in bytes; longer ones are cut, so that a program gone wrong can't fill the
  /// log with one.
  package static let longestLine = 2000

  private let prefix: String
  /// Lets workers write whole lines, one at a time.
  private let lock = Mutex<Void>(())

  package init(prefix: String) { self.prefix = prefix }

  package func write(_ text: String) {
    let bytes = Array((prefix + text + "\n").utf8)
    lock.withLock { _ in
      var done = 0
      while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        guard count > 0 else { return }
        done += count
      }
    }
  }
}

/// Cuts a stream of bytes into lines.
package struct LineBuffer {
  private var bytes: [UInt8] = []
  /// The bytes of the line being read that were left out.
  package private(set) var omitted = 0
  private let limit: Int

  /// - Parameter limit: the longest line, in bytes; the rest of a longer one is left out and
  ///   counted.
  package init(limit: Int) { self.limit = limit }

  /// Takes what a descriptor has to read by now, and hands out each line that ends in it.
  ///
  /// - Parameters:
  ///   - descriptor: non-blocking; negative: it is closed.
  ///   - most: the bytes after which the rest is left for the next call, so that a flood doesn't keep the
  ///     host.
  /// - Returns: whether the stream is at its end.
  package mutating func take(
    from descriptor: Int32, atMost most: Int = 1 << 20,
    _ body: (_ line: [UInt8], _ omitted: Int) -> Void
  ) -> Bool {
    guard descriptor >= 0 else { return false }
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    var taken = 0
    while taken < most {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 }
      taken += count
      add(chunk.span.extracting(0..<count), body)
    }
    return false
  }

  /// Takes bytes and hands out each line that ends in them.
  package mutating func add(
    _ chunk: Span<UInt8>, _ body: (_ line: [UInt8], _ omitted: Int) -> Void
  ) {
    for i in chunk.indices {
      if chunk[i] == UInt8(ascii: "\n") {
        flush(body)
      } else if bytes.count < limit {
        bytes.append(chunk[i])
      } else {
        omitted += 1
      }
    }
  }

  /// Hands out what is left without a line break. Blank lines are left out.
  package mutating func flush(_ body: (_ line: [UInt8], _ omitted: Int) -> Void) {
    if bytes.contains(where: { $0 > 0x20 }) { body(bytes, omitted) }
    bytes.removeAll(keepingCapacity: true)
    omitted = 0
  }
}
