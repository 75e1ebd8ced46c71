/// A policy that has the gradient of its distributions' entropies.
public protocol EntropyGradientPolicy: PolicyModel {
  /// Adds Σ (w ∇ log π + v ∇H) over the completion tokens that take part to the gradient, where H is
  /// the entropy of the distribution that the token was drawn from.
  ///
  /// - Parameters:
  ///   - batch: has the sequences.
  ///   - sequences: adjacent ones; other sequences' tokens never take part.
  ///   - request: the temperature, and the statistics that every piece has beside the three.
  ///   - participants: the tokens that take part, by their places in `batch.tokens`.
  ///   - weigh: as in `accumulateGradient(of:sequences:request:participants:weigh:)`; it also sets v,
  ///     which is zero on entry. H is at the temperature too.
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weighWithEntropy weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError)
}
