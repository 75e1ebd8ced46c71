/// One link of the chain that turns rewards into an advantage for every token.
public protocol AdvantageTransform: Component {
  /// The columns that `transform` reads; the host computes no others.
  var needs: Set<Column> { get }

  /// Rewrites the advantages in place.
  ///
  /// - Parameters:
  ///   - advantages: one for each completion token, in the order of `batch.sequences.tokens`.
  ///     The first transform of a chain finds each token holding its sequence's reward; a later
  ///     one finds what the one before it left.
  ///   - batch: the whole rollout batch, not a mini-batch.
  /// - Throws: `.pluginFault` if a column that it reads was not declared.
  /// - Postcondition: every value is finite; the host checks and names the component.
  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
}

extension AdvantageTransform {
  public var needs: Set<Column> { [] }
}
