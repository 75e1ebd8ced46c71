/// One pass over all mini-batches of a step, in which some of the tokens take part.
public struct UpdatePhase: Sendable {
  /// For metrics and messages: `low`, `high`.
  public let name: String
  /// Whether each completion token of the rollout batch takes part; `nil`: all do.
  public let participates: [Bool]?

  public init(name: String, participates: [Bool]? = nil) {
    self.name = name
    self.participates = participates
  }
}

/// Splits a step's update into phases that run one after the other.
///
/// Each phase runs through all mini-batches, each of which ends in an optimiser step. A token
/// outside the phase has weight zero (its KL term too) but stays in the objective's denominators,
/// so a token weighs the same in whichever phase it is (arXiv 2505.12929, Algorithm 1).
public protocol UpdateScheduler: Component {
  /// The columns that `phases` reads; the host computes no others.
  var needs: Set<Column> { get }

  /// The phases of this step, in order.
  ///
  /// - Parameter advantages: as the chain of transforms left them, one for each token.
  /// - Postcondition: at least one phase; each mask as long as the batch has tokens.
  func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
}

extension UpdateScheduler {
  public var needs: Set<Column> { [] }
}
