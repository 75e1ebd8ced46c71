import Foundation
import Training

/// Says, when the process dies of a fault, which component's code it was in: plugins run in this
/// process.
enum CrashNote {
  private static let signals = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT]

  /// Installs the handlers, on a stack of their own: an overflow of the stack is a fault, too.
  static func watch() {
    // Made here: the first use of a global is no work for a signal handler.
    _ = StageMark.line
    let size = 64 * 1024
    var stack = stack_t()
    stack.ss_sp = .allocate(byteCount: size, alignment: 16)
    stack.ss_size = size
    sigaltstack(&stack, nil)
    // The signals may be blocked, as in Interrupt: the process inherits that from its parent.
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    for number in signals { sigaddset(&unblocked, number) }
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
    for number in signals {
      var action = sigaction()
      // The handler runs once: the faulting instruction runs again after it, and the process dies
      // of it.
      action.sa_flags = Int32(SA_ONSTACK) | Int32(bitPattern: UInt32(SA_RESETHAND))
      action.__sigaction_handler.sa_handler = { number in
        CrashNote.write("\nthe process dies of signal ")
        CrashNote.write(CrashNote.name(number))
        CrashNote.write("; last entered: ")
        _ = Glibc.write(STDERR_FILENO, StageMark.line, strlen(StageMark.line))
        CrashNote.write("\n")
        // A signal that was sent, by abort for instance, does not come again by itself.
        raise(number)
      }
      sigaction(number, &action, nil)
    }
  }

  private static func name(_ number: Int32) -> StaticString {
    switch number {
    case SIGSEGV: "SIGSEGV (bad address)"
    case SIGBUS: "SIGBUS (bad address)"
    case SIGILL: "SIGILL (a Swift trap)"
    case SIGTRAP: "SIGTRAP (a Swift trap)"
    case SIGFPE: "SIGFPE (bad arithmetic)"
    default: "SIGABRT (abort)"
    }
  }

  private static func write(_ text: StaticString) {
    _ = Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
