import Files
import Foundation
import JSON

/// One process of a program that may be several: who it is, what it last said, and the line that
/// tells of its end.
struct ProgramRank {
  let rank: Int
  let host: String
  /// Open while the process lives; it brings beats, and an error at the end.
  let lifeline: WireConnection
  /// What it was at when it was last heard; `nil`: it hasn't said.
  private(set) var stage: String?
  /// Whether it waited for the other ranks then.
  private(set) var isWaiting = false
  /// When its last beat was read, by the host's listening time; `nil`: it sends none, as programs did
  /// before there were beats.
  private(set) var heard: Duration?
  /// It has said why it ends.
  var hasSpoken = false
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

  /// Takes a beat.
  mutating func hear(_ beat: WireFrame, at time: Duration) {
    heard = time
    stage = beat["stage"]?.text ?? stage
    isWaiting = beat["waits"]?.bool ?? false
  }

  /// How long nothing was heard of it; zero if it sends no beats.
  func silence(at time: Duration) -> Duration { heard.map { time - $0 } ?? .zero }

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
