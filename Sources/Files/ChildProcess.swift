import Foundation
import FulcrumKernel

/// A program that may crash, hang or flood: it is watched while it runs, and always ends.
package struct ChildProcess {
  /// How it ended.
  package enum End: Equatable {
    case exited(Int32)
    case killedBySignal(Int32)
    /// It said nothing for longer than it may, and was killed.
    case timedOut
  }

  let executable: String
  let arguments: [String]
  /// The longest time without a line, in seconds.
  let silence: Double

  package init(executable: String, arguments: [String], silence: Double) {
    self.executable = executable
    self.arguments = arguments
    self.silence = silence
  }

  /// How much of what it writes to standard error is kept: the end of it.
  private static let tailLength = 4096
  /// Longer lines are nobody's messages.
  private static let longestLine = 1 << 20

  /// Runs it, with nothing to read, until it ends.
  ///
  /// - Parameter line: called for each line of its standard output, without the line break.
  /// - Returns: how it ended, and the end of what it wrote to standard error.
  /// - Throws: `.inputOutput` if it can't be started.
  package func run(
    line: ([UInt8]) -> Void
  ) throws(FulcrumError) -> (end: End, errors: String) {
    var output = try Stream()
    var errors = try Stream()
    let child = try spawn(output: output, errors: errors)
    output.closeWriter()
    errors.closeWriter()
    defer {
      close(output.reader)
      close(errors.reader)
    }

    var deadline = Self.now + silence
    var isKilled = false
    var pending: [UInt8] = []
    var tail: [UInt8] = []
    /// Takes what has come; whether it was a line.
    func take() -> Bool {
      tail = (tail + errors.read()).suffix(Self.tailLength)
      pending += output.read()
      var isLine = false
      while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        line(Array(pending[..<end]))
        pending.removeSubrange(...end)
        isLine = true
      }
      if pending.count > Self.longestLine { pending = [] }
      return isLine
    }

    while true {
      // Short naps, because a grandchild may hold the pipes open after the child's end.
      Stream.wait(for: [output, errors], milliseconds: 20)
      if take() { deadline = Self.now + silence }
      var status: Int32 = 0
      if waitpid(child, &status, WNOHANG) == child {
        _ = take()
        let text = String(decoding: tail, as: UTF8.self)
        return (isKilled ? .timedOut : Self.end(status), text)
      }
      if Self.now > deadline, !isKilled {
        kill(child, SIGKILL)
        isKilled = true
      }
    }
  }

  private func spawn(output: Stream, errors: Stream) throws(FulcrumError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output.writer, 1)
    posix_spawn_file_actions_adddup2(&actions, errors.writer, 2)
    var environment = ProcessInfo.processInfo.environment
    // Its crashes are results here: nobody reads a backtrace of them, and one takes seconds.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    let words = ([executable] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var child: pid_t = 0
    let fault = posix_spawn(&child, executable, &actions, nil, words, variables)
    guard fault == 0 else {
      throw FulcrumError(
        .inputOutput, "could not start a process: \(String(cString: strerror(fault)))",
        at: executable)
    }
    return child
  }

  private static func end(_ status: Int32) -> End {
    // As WIFEXITED and its kin have it, which Swift can't import.
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .killedBySignal(signal)
  }

  private static var now: Double { ProcessInfo.processInfo.systemUptime }
}

/// A pipe whose reader never blocks.
private struct Stream {
  let reader: Int32
  let writer: Int32
  private var hasEnded = false

  init() throws(FulcrumError) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw FulcrumError(
        .inputOutput, "could not open a pipe: \(String(cString: strerror(errno)))")
    }
    reader = ends[0]
    writer = ends[1]
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(reader, F_SETFL, O_NONBLOCK)
  }

  func closeWriter() { close(writer) }

  /// What has come since; nothing if nothing has.
  mutating func read() -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    // A flood is taken in parts, so that the watch goes on.
    while bytes.count < 1 << 20 {
      let count = piece.withUnsafeMutableBytes { Foundation.read(reader, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count == 0 { hasEnded = true }
      guard count > 0 else { break }
      bytes += piece[..<count]
    }
    return bytes
  }

  /// Until one of them has something to read, but not for longer.
  static func wait(for streams: [Stream], milliseconds: Int32) {
    var requests = streams.filter { !$0.hasEnded }
      .map { pollfd(fd: $0.reader, events: Int16(POLLIN), revents: 0) }
    // Both at an end: the process is about to be.
    _ = poll(&requests, nfds_t(requests.count), requests.isEmpty ? 1 : milliseconds)
  }
}
