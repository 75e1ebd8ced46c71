import Files
import Foundation

extension ChildProcess.End {
  /// How a worker ended while a plugin's code ran: `crashed: SIGSEGV`.
  ///
  /// - Parameters:
  ///   - errors: the last that it wrote to standard error.
  ///   - limit: the seconds after which it was ended.
  package func words(_ errors: String, limit: Double) -> String {
    let lines = errors.split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    let said = lines.last { $0.contains("Fatal error") } ?? lines.last { !$0.isEmpty }
    var words = said.map { "; its last words: \($0.prefix(200))" } ?? ""
    switch self {
    case .exited(let status):
      return "ended the process with status \(status)" + words
    case .killedBySignal(let signal):
      if said == nil, signal == SIGILL || signal == SIGTRAP {
        words =
          " (hint: Swift traps so on an index out of range, an overflow or a missing value;"
          + " a debug build says which)"
      }
      return "crashed: \(Self.name(of: signal))" + words
    case .timedOut:
      return String(format: "no end after %g s", limit)
    }
  }

  private static func name(of signal: Int32) -> String {
    switch signal {
    case SIGILL: "SIGILL"
    case SIGTRAP: "SIGTRAP"
    case SIGABRT: "SIGABRT"
    case SIGBUS: "SIGBUS"
    case SIGFPE: "SIGFPE"
    case SIGKILL: "SIGKILL"
    case SIGSEGV: "SIGSEGV"
    case SIGSYS: "SIGSYS"
    case SIGTERM: "SIGTERM"
    default: "signal \(signal)"
    }
  }
}
