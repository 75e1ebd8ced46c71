import Foundation

/// Catches what is written to standard error, which a run's log is.
package enum LogCapture {
  /// Standard error is the process's, and tests run side by side.
  private static let lock = NSLock()

  /// Returns the text that a body writes there.
  package static func log(of body: () throws -> Void) throws -> String {
    try lock.withLock {
      let path = NSTemporaryDirectory() + "log-" + UUID().uuidString
      defer { try? FileManager.default.removeItem(atPath: path) }
      let saved = dup(2)
      let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
      dup2(file, 2)
      defer {
        dup2(saved, 2)
        close(saved)
        close(file)
      }
      try body()
      return try String(contentsOfFile: path, encoding: .utf8)
    }
  }
}
