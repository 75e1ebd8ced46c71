/// Which loop of a step's update is the outer one.
public enum PhaseNesting: String, Sendable {
  /// L(mb1) L(mb2) H(mb1) H(mb2): each phase runs through all mini-batches.
  case phaseByPhase = "phase-by-phase"
  /// L(mb1) H(mb1) L(mb2) H(mb2): each mini-batch runs through all phases.
  case minibatchByMinibatch = "minibatch-by-minibatch"
}

/// One pass over all mini-batches of a step, in which some of the tokens take part.
public struct UpdatePhase: Sendable {
  /// For metrics and messages: `low`, `high`.
  public let name: String
  /// Whether each completion token of the rollout batch takes part; `nil`: all do.
  public let participates: [Bool]?

  /// The same, as a policy takes it.
  public var mask: TokenMask { TokenMask(participates) }

  public init(name: String, participates: [Bool]? = nil) {
    self.name = name
    self.participates = participates
  }
}

/// Splits a step's update into phases that run one after the other.
///
/// One that reports metrics is a `ReportingScheduler`.
///
/// Each phase runs through all mini-batches, each of which ends in an optimiser step; `nesting` says
/// in which order. A token outside the phase has weight zero (its KL term too) but stays in the
/// objective's denominators, so a token weighs the same in whichever phase it is (arXiv 2505.12929,
/// Algorithm 1).
public protocol UpdateScheduler: Component {
  /// The columns that `phases` reads; the host computes no others.
  var needs: Set<Column> { get }

  /// In how many phases each token takes part: 1 where the phases partition the tokens.
  var passes: Int { get }

  /// Whether phases or mini-batches are the outer loop.
  var nesting: PhaseNesting { get }

  /// The phases of this step, in order.
  ///
  /// - Parameters:
  ///   - batch: the whole rollout batch, not a mini-batch.
  ///   - advantages: as the chain of transforms left them, one for each token.
  /// - Postcondition: each mask is as long as the batch has tokens, and every token takes part in
  ///   exactly `passes` phases. To leave tokens out for good, give them advantage zero by a
  ///   transform. The host checks both.
  func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
}

extension UpdateScheduler {
  public var needs: Set<Column> { [] }
  public var passes: Int { 1 }
  public var nesting: PhaseNesting { .phaseByPhase }
}
