/// One link of the chain that turns rewards into an advantage for every token.
///
/// One that reports metrics is a `ReportingTransform`.
public protocol AdvantageTransform: Component {
  /// The columns that `transform` reads; the host computes no others.
  var needs: Set<Column> { get }

  /// Rewrites the advantages in place.
  ///
  /// - Parameters:
  ///   - advantages: one for each completion token, in the order of `batch.sequences.tokens`.
  ///     The first transform of a chain finds each token holding its return, the undiscounted sum
  ///     of what is rewarded from it to the end: its sequence's reward, since that is given at the
  ///     end. A later one finds what the one before it left, so a transform that charges tokens
  ///     (a KL penalty) stands before one that compares returns with a baseline.
  ///   - batch: the whole rollout batch, not a mini-batch.
  /// - Throws: `.pluginFault` if a column that it reads was not declared.
  /// - Postcondition: every value is finite; the host checks and names the component.
  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
}

extension AdvantageTransform {
  public var needs: Set<Column> { [] }
}
