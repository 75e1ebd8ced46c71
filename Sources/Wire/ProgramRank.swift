import Foundation

/// One process of a program that may be several: who it is, and the line that tells of its end.
struct ProgramRank {
  let rank: Int
  let host: String
  /// Open while the process lives; it brings no frame but an error's.
  let lifeline: WireConnection
  private let process: pid_t
  /// When the process began, in the kernel's ticks: tells it from another that gets its number later.
  private let beginning: String?

  init(rank: Int, host: String, process: Int, lifeline: WireConnection) {
    self.rank = rank
    self.host = host
    self.lifeline = lifeline
    self.process = pid_t(clamping: process)
    beginning = host == Self.ownHost ? Self.beginning(of: self.process) : nil
  }

  /// Whether the process is on this machine and still there.
  var isAlive: Bool { beginning != nil && Self.beginning(of: process) == beginning }

  /// Ends the process if it is on this machine.
  func kill() {
    if process > 1, isAlive { _ = Foundation.kill(process, SIGKILL) }
  }

  private static let ownHost = ProcessInfo.processInfo.hostName

  /// - Returns: `nil` for a process that is no more, or that has ended and waits for its parent.
  private static func beginning(of process: pid_t) -> String? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let name = text.lastIndex(of: ")")
    else { return nil }
    // The program's name is in parentheses and may hold anything; the state comes after it.
    let fields = text[text.index(after: name)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return String(fields[19])
  }
}
