import Foundation

/// Is where the program's own results go. What code of plugins prints goes to standard error, so
/// that a program that reads the results isn't fooled.
enum StandardOutput {
  /// The descriptor of what was the standard output at the start.
  private(set) static nonisolated(unsafe) var descriptor = STDOUT_FILENO
  /// The same, buffered; `nil`: it was not taken. Locked by the C library.
  fileprivate static nonisolated(unsafe) var file: UnsafeMutablePointer<FILE>?

  /// Opens nothing in the place of standard streams that the caller has closed: a file or a pipe of
  /// the program's would get their numbers.
  static func openMissingStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
  }

  /// Takes the standard output for the program alone. To be called before a plugin is loaded, while
  /// there is one thread.
  static func claim() {
    let own = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10)
    // Closed by the caller: then there is nothing to keep.
    guard own >= 0, let file = fdopen(own, "w") else { return }
    dup2(STDERR_FILENO, STDOUT_FILENO)
    descriptor = own
    self.file = file
  }
}

/// Prints to the program's own standard output, in the place of Swift's function.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
  let text = items.map { String(describing: $0) }.joined(separator: separator) + terminator
  guard let file = StandardOutput.file else { return Swift.print(text, terminator: "") }
  fputs(text, file)
}
