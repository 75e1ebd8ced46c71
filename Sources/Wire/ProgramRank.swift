import Files
import Foundation

/// One process of a program that may be several: who it is, and the line that tells of its end.
struct ProgramRank {
  let rank: Int
  let host: String
  /// Open while the process lives; it brings no frame but an error's.
  let lifeline: WireConnection
  private let process: pid_t
  /// Tells the process from another that gets its number later; `nil`: it is on another machine, or
  /// is no more.
  private let beginning: UInt64?

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

  /// - Returns: `nil` for a process that is no more, or that has ended.
  private static func beginning(of process: pid_t) -> UInt64? {
    ProcessStatus(of: process).flatMap { $0.hasEnded ? nil : $0.beginning }
  }
}
