import Foundation

/// Names signals as people know them.
package enum SignalName {
  private static let names: [Int32: String] = [
    SIGABRT: "SIGABRT (abort)", SIGALRM: "SIGALRM", SIGBUS: "SIGBUS (bad address)",
    SIGCHLD: "SIGCHLD", SIGCONT: "SIGCONT", SIGFPE: "SIGFPE (bad arithmetic)", SIGHUP: "SIGHUP",
    SIGILL: "SIGILL (a Swift trap)", SIGINT: "SIGINT", SIGKILL: "SIGKILL", SIGPIPE: "SIGPIPE",
    SIGQUIT: "SIGQUIT", SIGSEGV: "SIGSEGV (bad address)", SIGSYS: "SIGSYS (a refused call)",
    SIGTERM: "SIGTERM", SIGTRAP: "SIGTRAP (a Swift trap)", SIGTSTP: "SIGTSTP", SIGUSR1: "SIGUSR1",
    SIGUSR2: "SIGUSR2", SIGWINCH: "SIGWINCH", SIGXCPU: "SIGXCPU (out of CPU time)",
    SIGXFSZ: "SIGXFSZ (a file too large)",
  ]

  package static func of(_ number: Int32) -> String { names[number] ?? "signal \(number)" }
}
