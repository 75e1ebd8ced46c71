/// A policy that has the gradient of log π of other tokens than the drawn ones: of each place's K most
/// likely.
public protocol CandidateGradientPolicy: EntropyGradientPolicy {
  /// Adds Σ (w ∇ log π + v ∇H + Σ_k c_k ∇ log π(candidate k)) over the completion tokens that take part
  /// to the gradient. The candidates of a place are the tokens that the statistic `topTokens(K)` lists
  /// there, in its order.
  ///
  /// - Parameters:
  ///   - batch: has the sequences.
  ///   - sequences: adjacent ones; other sequences' tokens never take part.
  ///   - request: the temperature, and the statistics that every piece has beside the three.
  ///   - participants: the tokens that take part, by their places in `batch.tokens`.
  ///   - candidateCount: K, at least 1 and no more than the vocabulary has.
  ///   - weigh: as in `accumulateGradient(of:sequences:request:participants:weighWithEntropy:)`; it also
  ///     sets c, `[tokens, K]` row by row, which is zero on entry. All are at the temperature.
  /// - Throws: what `weigh` throws; `.usage` for a number of candidates out of bounds.
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask, candidateCount: Int,
    weighWithCandidates weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError)
}
