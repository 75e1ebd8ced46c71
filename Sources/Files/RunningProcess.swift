import Foundation
import FulcrumKernel
import ProcessSpawn

/// Runs a program, with pipes to its standard streams. Used by one thread at a time.
///
/// Documentation/Decisions/0014-child-processes.md says why this is ours and not a package's.
package final class RunningProcess {
  /// Describes a program to run.
  package struct Program: Sendable {
    /// The path of an executable file.
    package let executable: String
    /// The words of its command line, with the program's own name first.
    package let arguments: [String]
    package var environment = ProcessInfo.processInfo.environment
    /// The folder that the program begins in; `nil`: the host's.
    package var folder: String?
    /// Whether the program and its children are a process group of their own, which ends as a
    /// whole. Ctrl-C on a terminal doesn't reach it then.
    package var hasOwnGroup = false

    package init(executable: String, arguments: [String]) {
      self.executable = executable
      self.arguments = arguments
    }
  }

  /// Says how a program ended.
  package enum End: Equatable, Sendable {
    case exited(Int32)
    case killedBySignal(Int32)
  }

  let id: pid_t
  let hasOwnGroup: Bool
  /// The host's end of the program's standard input, non-blocking as the two below are; −1: closed.
  package private(set) var input: Int32
  package private(set) var output: Int32
  package private(set) var errors: Int32
  /// The end of the program; `nil` while it runs.
  package private(set) var end: End?

  /// Starts a program.
  ///
  /// - Throws: `.inputOutput` at its path.
  package init(_ program: Program) throws(FulcrumError) {
    var arguments = program.arguments.map { strdup($0) } + [nil]
    var environment = program.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var streams: [Int32] = [-1, -1, -1]
    var id: pid_t = 0
    let fault = process_spawn(
      program.executable, &arguments, &environment, program.folder, program.hasOwnGroup ? 1 : 0,
      &streams, &id)
    guard fault == 0 else {
      throw FulcrumError(
        .inputOutput, "could not start a process: \(SystemFault.reason(fault))",
        at: program.executable)
    }
    self.id = id
    hasOwnGroup = program.hasOwnGroup
    (input, output, errors) = (streams[0], streams[1], streams[2])
  }

  deinit {
    kill()
    closeInput()
    closeOutput()
    closeErrors()
  }

  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  package func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  package func closeErrors() {
    if errors >= 0 { close(errors) }
    errors = -1
  }

  /// Tells whether the program has ended; if so, the other processes of its own group are ended
  /// too.
  package func hasEnded() -> Bool {
    if end != nil { return true }
    // Looks without reaping: while the entry is there, the group's number can't be another's.
    var information = siginfo_t()
    guard waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
      information.si_signo == SIGCHLD
    else { return false }
    kill()
    return true
  }

  /// Asks the program, and the other processes of its own group, to end.
  package func terminate() {
    if end == nil { send(SIGTERM) }
  }

  /// Ends the program, and the other processes of its own group, and waits for it.
  package func kill() {
    guard end == nil else { return }
    send(SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    // Does what WIFEXITED and its kin do, which Swift can't import.
    let signal = status & 0x7F
    end = signal == 0 ? .exited(status >> 8 & 0xFF) : .killedBySignal(signal)
  }

  private func send(_ signal: Int32) { _ = Foundation.kill(hasOwnGroup ? -id : id, signal) }

  /// Writes what fits into the program's input, which is closed if nobody reads it any more.
  ///
  /// - Returns: the number of bytes that were written.
  package func write(_ bytes: ArraySlice<UInt8>) -> Int {
    let count = PipeSignal.blocked {
      bytes.withUnsafeBytes { Foundation.write(input, $0.baseAddress, $0.count) }
    }
    if count < 0, errno != EAGAIN, errno != EINTR { closeInput() }
    return max(0, count)
  }
}

/// Keeps a write to a pipe that nobody reads from ending the host.
private enum PipeSignal {
  /// Runs `body` with SIGPIPE blocked on this thread, and takes away one that it caused.
  static func blocked<Result>(_ body: () -> Result) -> Result {
    var pipe = sigset_t()
    var before = sigset_t()
    var pending = sigset_t()
    sigemptyset(&pipe)
    sigaddset(&pipe, SIGPIPE)
    sigpending(&pending)
    let wasPending = sigismember(&pending, SIGPIPE) == 1
    pthread_sigmask(SIG_BLOCK, &pipe, &before)
    let result = body()
    let number = errno
    if number == EPIPE, !wasPending {
      var now = timespec()
      while sigtimedwait(&pipe, nil, &now) < 0, errno == EINTR {}
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = number
    return result
  }
}
