import Foundation
import FulcrumKernel
import ProcessCalls

/// Watches the process that works from another one: code that runs in a process can end it without a
/// word, by `_exit` for instance, and only an outsider can tell that from a good end.
///
/// The worker is a child that says farewell before it ends. Signals that the supervisor gets are
/// handed on; if the supervisor is killed, so is the worker. A debugger is better off without:
/// `FULCRUM_SUPERVISOR=off`.
package enum Supervisor {
  /// The signals that are handed on to the worker.
  private static let handedOn = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]
  /// The signals of a user who wants the process to end: nothing is said about those.
  private static let wanted: Set<Int32> = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE]

  /// The worker's number, in the supervisor. Written before signals may come.
  nonisolated(unsafe) private static var worker: pid_t = 0
  /// The worker's end of the pipe for its farewell; −1: nobody watches.
  nonisolated(unsafe) private static var farewell: Int32 = -1
  /// What the farewell begins with, so that a stray write to its descriptor is none.
  private static let mark = UInt64.random(in: .min ... .max)

  /// Splits the process in two and returns in the worker. To be called first, while there is one
  /// thread. Where the system has no room for a process, this one goes on alone.
  package static func begin() {
    guard ProcessInfo.processInfo.environment["FULCRUM_SUPERVISOR"] != "off" else { return }
    StageMark.share()
    _ = mark
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var all = sigset_t()
    sigfillset(&all)
    sigprocmask(SIG_SETMASK, &all, nil)
    // A parent may have blocked some, and its children inherit that. Nobody is deaf here.
    var none = sigset_t()
    sigemptyset(&none)
    let process = process_fork_worker()
    if process <= 0 {
      close(ends[0])
      if process == 0 {
        farewell = ends[1]
        process_own_descriptor(ends[1])
      } else {
        close(ends[1])
      }
      sigprocmask(SIG_SETMASK, &none, nil)
      return
    }
    close(ends[1])
    worker = process
    for number in handedOn {
      signal(number) { number in
        _ = kill(Supervisor.worker, number)
        // One that is stopped would never hear of it.
        _ = kill(Supervisor.worker, SIGCONT)
      }
    }
    sigprocmask(SIG_SETMASK, &none, nil)
    watch(farewell: ends[0])
  }

  /// Says that the process is about to end by itself.
  ///
  /// - Parameter status: its exit status, from 0 to 255.
  package static func sayFarewell(_ status: Int32) {
    guard farewell >= 0 else { return }
    let words = withUnsafeBytes(of: mark) { Array($0) } + [UInt8(truncatingIfNeeded: status)]
    _ = write(farewell, words, words.count)
  }

  /// Returns the exit status of a farewell; `nil` if the worker said none.
  private static func status(ofFarewell descriptor: Int32) -> Int32? {
    // A child of the worker may still hold the pipe open.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    let words = bytes.prefix(max(0, count)).suffix(9)
    guard words.count == 9, words.dropLast().elementsEqual(withUnsafeBytes(of: mark) { Array($0) })
    else { return nil }
    return words.last.map { Int32($0) }
  }

  /// Waits for the worker, and ends as it does or, where that was no good end, with status 1.
  private static func watch(farewell: Int32) -> Never {
    var status: Int32 = 0
    while waitpid(worker, &status, 0) < 0, errno == EINTR {}
    // Does what WIFEXITED and its kin do, which Swift can't import.
    let number = status & 0x7F
    if number != 0 { die(of: number) }
    if let said = Self.status(ofFarewell: farewell) { _exit(said) }
    report(
      FulcrumError(
        .pluginFault,
        "the process was ended from within, with status \(status >> 8 & 0xFF), by code that may not"
          + " do so; last entered: \(StageMark.line)",
        hint: "a component returns or throws, it doesn't call exit; once that is mended, 'fulcrum"
          + " resume' goes on with a run"))
    _exit(1)
  }

  /// Ends by the signal that the worker died of.
  private static func die(of number: Int32) -> Never {
    if !wanted.contains(number) {
      let cause = number == SIGKILL ? ", perhaps sent by the system for want of memory" : ""
      report(
        "the process died of signal \(SignalName.of(number))\(cause); last entered: "
          + StageMark.line)
    }
    // The worker has left its core file, if one was wanted.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    signal(number, SIG_DFL)
    raise(number)
    _exit(128 + number)
  }

  private static func report(_ text: some CustomStringConvertible) {
    StandardError.write("error: \(text)\n")
  }
}
