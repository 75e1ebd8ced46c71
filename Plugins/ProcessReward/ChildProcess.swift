import Foundation
import FulcrumKernel

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
    var pipes: [[Int32]] = []
    func closeAll() { for end in pipes.joined() { close(end) } }
    func failure(_ what: String, _ number: Int32) -> FulcrumError {
      FulcrumError(
        .program, "could not \(what): \(String(cString: strerror(number)))",
        at: program.executable)
    }
    for _ in 0..<3 {
      guard let ends = Self.pipe() else {
        let number = errno
        closeAll()
        throw failure("make a pipe", number)
      }
      pipes.append(ends)
    }
    var id: pid_t = 0
    let fault = Self.spawn(
      program, streams: [pipes[0][0], pipes[1][1], pipes[2][1]], id: &id)
    for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
    (input, output, errors) = (pipes[0][1], pipes[1][0], pipes[2][0])
    self.id = id
    for end in [input, output, errors] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    guard fault == 0 else {
      ending = "not started"
      closeStreams()
      throw failure("start it", fault)
    }
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

  /// Both ends of a pipe, neither of them one of the standard streams.
  private static func pipe() -> [Int32]? {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { return nil }
    for i in ends.indices where ends[i] < 3 {
      let moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3)
      close(ends[i])
      ends[i] = moved
    }
    return ends
  }

  /// - Returns: an error number; 0: it runs.
  private static func spawn(_ program: Program, streams: [Int32], id: inout pid_t) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, stream, Int32(number))
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    posix_spawn_file_actions_addchdir_np(&actions, program.directory)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The host ignores some signals; a program expects to begin with the system's ways.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      sigaddset(&signals, signal)
    }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var arguments = program.arguments.map { strdup($0) } + [nil]
    var environment = Program.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    return posix_spawn(
      &id, program.executable, &actions, &attributes, &arguments, &environment)
  }
}
