import ArgumentParser
import Foundation
import FulcrumKernel
import Synchronization

/// Handles Ctrl-C and SIGTERM: the first asks to stop after the step, the second stops at once.
enum Interrupt {
  /// The first signal; 0: none came.
  private static let first = Atomic<Int32>(0)
  /// When it came, in nanoseconds.
  private static let time = Atomic<UInt64>(0)
  /// Signals within this time are one: a terminal and tools such as timeout(1) send it to a process
  /// and to its group. In nanoseconds.
  private static let sameSignal: UInt64 = 300_000_000

  static func watch() {
    // Made here: the first use of a global is no work for a signal handler.
    _ = StopRequest.isMade
    _ = first.load(ordering: .relaxed)
    _ = time.load(ordering: .relaxed)
    // The signals may be blocked, for a child inherits that from its parent. A run must not be deaf
    // to Ctrl-C and to a scheduler's SIGTERM.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] { signal(number) { Interrupt.take($0) } }
  }

  /// Ends the command with the status of the signal, 130 or 143, if it left work undone because of
  /// it.
  static func end(isComplete: Bool) throws {
    let number = first.load(ordering: .relaxed)
    if !isComplete, number != 0 { throw ExitCode(128 + number) }
  }

  private static func take(_ number: Int32) {
    let now = nanoseconds()
    let isFirst = first.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
    guard !isFirst else {
      time.store(now, ordering: .relaxed)
      StopRequest.make()
      let text: StaticString = "\nstopping after this step; once more stops at once\n"
      _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
      return
    }
    guard now - time.load(ordering: .relaxed) > sameSignal else { return }
    signal(number, SIG_DFL)
    raise(number)
  }

  private static func nanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }
}
