import FulcrumKernel
import Synchronization

/// Says how long programs are waited for once the run was asked to stop: some seconds, so that a
/// step whose replies are about to come is not lost.
final class Patience: Sendable {
  private static let limit = Duration.seconds(5)

  private let end = Mutex<ContinuousClock.Instant?>(nil)

  /// Whether the run was asked to stop, and the seconds are over.
  var isOver: Bool {
    guard StopRequest.isMade else { return false }
    return end.withLock { end in
      let last = end ?? .now + Self.limit
      end = last
      return .now >= last
    }
  }
}

/// Notices a program that waits for more input, although it has got all there is.
struct WaitingWatch {
  /// The time for which it must be seen waiting, without a break.
  private static let limit = Duration.seconds(2)
  private static let interval = Duration.milliseconds(400)

  private var since: ContinuousClock.Instant?
  private var nextLook = ContinuousClock.now + interval

  /// The program did something.
  mutating func reset() { since = nil }

  /// - Parameter look: whether the program waits now; asked a few times a second.
  /// - Returns: whether it has waited for long enough to be sure.
  mutating func isSure(_ look: () -> Bool) -> Bool {
    let now = ContinuousClock.now
    guard now >= nextLook else { return false }
    nextLook = now + Self.interval
    guard look() else {
      since = nil
      return false
    }
    let start = since ?? now
    since = start
    return now - start >= Self.limit
  }
}
