import Foundation
import FulcrumKernel

/// Handles Ctrl-C and SIGTERM: the first asks to stop after the step, the second stops at once.
enum Interrupt {
  static func watch() {
    // Made here: the first use of a global is no work for a signal handler.
    _ = StopRequest.isMade
    // The signals may be blocked, for a child inherits that from its parent. A run must not be deaf
    // to Ctrl-C and to a scheduler's SIGTERM.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { _ in
        StopRequest.make()
        // From now on, either signal is the second.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        let text: StaticString = "\nstopping after this step; once more stops at once\n"
        _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
      }
    }
  }
}
