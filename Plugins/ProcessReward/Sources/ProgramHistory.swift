import Synchronization

/// Remembers, for all copies of a program, whether any of them ever replied. One that never did is
/// given up soon, for it can't work; one that did is started again patiently.
final class ProgramHistory: Sendable {
  /// The most failures before the first reply: the batch, and two samples alone.
  private static let mostFailures = 3
  /// The most time-outs before it; each is a long wait.
  private static let mostTimeOuts = 2

  private let replied = Atomic<Bool>(false)
  private let starts = Atomic<Int>(0)

  var hasReplied: Bool { replied.load(ordering: .relaxed) }

  func noteReply() { replied.store(true, ordering: .relaxed) }

  /// - Returns: whether this is the first start of all copies.
  func noteStart() -> Bool { starts.add(1, ordering: .relaxed).oldValue == 0 }

  /// Returns the number of failures in a row at which to give up.
  ///
  /// - Parameter restarts: the failures that are borne, as configured.
  func limit(for failure: ProgramFailure, restarts: Int) -> Int {
    if hasReplied { return restarts + 1 }
    return min(restarts + 1, failure.kind == .timeOut ? Self.mostTimeOuts : Self.mostFailures)
  }
}
