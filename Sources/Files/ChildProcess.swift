import Foundation
import FulcrumKernel

/// Runs a program that may crash, hang or flood. It is watched while it runs, and always ends.
package struct ChildProcess {
  /// Says how a program ended.
  package enum End: Equatable {
    case exited(Int32)
    case killedBySignal(Int32)
    /// The program was silent, or ran, for longer than it may, and was killed.
    case timedOut
  }

  private let program: RunningProcess.Program
  /// The longest time without a line, in seconds.
  private let silence: Double
  /// The longest time from start to end, in seconds.
  private let limit: Double

  package init(
    executable: String, arguments: [String], silence: Double, limit: Double = .infinity
  ) {
    var program = RunningProcess.Program(
      executable: executable, arguments: [executable] + arguments)
    // Its crashes are results here: nobody reads a backtrace of them, and one takes seconds.
    program.environment["SWIFT_BACKTRACE"] = "enable=no"
    self.program = program
    self.silence = silence
    self.limit = limit
  }

  /// The number of bytes that are kept of what the program writes to standard error: the last ones.
  private static let tailLength = 4096
  /// The longest line that is taken, in bytes; no message is longer.
  private static let longestLine = 1 << 20

  /// Runs the program, with nothing to read, until it ends.
  ///
  /// - Parameter line: called for each line of its standard output, without the line break.
  /// - Returns: how the program ended, and the last bytes that it wrote to standard error.
  /// - Throws: `.inputOutput` if it can't be started.
  package func run(
    line: ([UInt8]) -> Void
  ) throws(FulcrumError) -> (end: End, errors: String) {
    let child = try RunningProcess(program)
    child.closeInput()
    let latest = Self.now + limit
    var deadline = Self.now + silence
    var pending: [UInt8] = []
    var tail: [UInt8] = []
    /// Takes what has come, and returns whether it was a line.
    func take() -> Bool {
      if let bytes = Self.read(child.errors) {
        tail = (tail + bytes).suffix(Self.tailLength)
      } else {
        child.closeErrors()
      }
      if let bytes = Self.read(child.output) { pending += bytes } else { child.closeOutput() }
      var rest = pending[...]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        line(Array(rest[..<end]))
        rest = rest[(end + 1)...]
      }
      let isLine = rest.startIndex > 0
      pending = rest.count > Self.longestLine ? [] : Array(rest)
      return isLine
    }

    while true {
      // Short naps, because a grandchild may hold the pipes open after the child's end.
      Self.wait(for: child, milliseconds: 20)
      if take() { deadline = Self.now + silence }
      let isLate = !child.hasEnded() && Self.now > min(deadline, latest)
      if isLate { child.kill() }
      guard let end = child.end else { continue }
      _ = take()
      let text = String(decoding: tail, as: UTF8.self)
      switch end {
      case _ where isLate: return (.timedOut, text)
      case .exited(let status): return (.exited(status), text)
      case .killedBySignal(let signal): return (.killedBySignal(signal), text)
      }
    }
  }

  private static var now: Double { ProcessInfo.processInfo.systemUptime }

  /// Returns the bytes that have come since the last call, or none; `nil` at the stream's end.
  private static func read(_ descriptor: Int32) -> [UInt8]? {
    guard descriptor >= 0 else { return [] }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    // A flood is taken in parts, so that the watch goes on.
    while bytes.count < 1 << 20 {
      let count = piece.withUnsafeMutableBytes {
        Foundation.read(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      if count == 0, bytes.isEmpty { return nil }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  /// Waits until the program has written something, but no longer than the given time.
  private static func wait(for child: RunningProcess, milliseconds: Int32) {
    var requests = [child.output, child.errors].filter { $0 >= 0 }
      .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Both at an end: the process is about to be.
    _ = poll(&requests, nfds_t(requests.count), requests.isEmpty ? 1 : milliseconds)
  }
}
