import Foundation
import FulcrumKernel
import ProcessSpawn

/// A running program with pipes to its standard streams. Used by one thread at a time.
///
/// It has a process group of its own: Ctrl-C asks the host to stop after the step, and must not take
/// the rewards of that step away. When the host dies, the program reads the end of its input.
final class ChildProcess {
  private let id: pid_t
  /// −1: closed.
  private(set) var input: Int32
  private(set) var output: Int32
  private(set) var errors: Int32
  /// How it ended, once it has.
  private(set) var ending: String?

  init(_ program: Program) throws(FulcrumError) {
    var arguments = program.arguments.map { strdup($0) } + [nil]
    var environment = Program.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var streams: [Int32] = [-1, -1, -1]
    var id: pid_t = 0
    let fault = process_spawn(
      program.executable, &arguments, &environment, program.directory, &streams, &id)
    guard fault == 0 else {
      throw FulcrumError(
        .program, "could not start it: \(String(cString: strerror(fault)))",
        at: program.executable)
    }
    self.id = id
    (input, output, errors) = (streams[0], streams[1], streams[2])
  }

  deinit {
    kill()
    closeStreams()
  }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  func closeErrors() {
    if errors >= 0 { close(errors) }
    errors = -1
  }

  private func closeStreams() {
    closeInput()
    closeOutput()
    closeErrors()
  }

  /// Whether it has ended; if so, its children are ended too.
  func hasEnded() -> Bool {
    if ending != nil { return true }
    // Looks without taking it away: while it is there, the group's number can't be another's.
    var information = siginfo_t()
    guard waitid(P_PID, id_t(id), &information, WEXITED | WNOHANG | WNOWAIT) == 0,
      information.si_signo == SIGCHLD
    else { return false }
    kill()
    return true
  }

  /// Asks it and its children to end.
  func terminate() {
    if ending == nil { _ = Foundation.kill(-id, SIGTERM) }
  }

  /// Ends it and its children, and waits for it.
  func kill() {
    guard ending == nil else { return }
    _ = Foundation.kill(-id, SIGKILL)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7f
    ending =
      signal == 0
      ? "it ended with status \((status >> 8) & 0xff)" : "it was ended by signal \(signal)"
  }
}
