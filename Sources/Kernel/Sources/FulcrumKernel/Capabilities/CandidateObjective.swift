/// An objective that weighs other tokens of a place, too, than the one that was drawn:
/// ∇J = Σ_tokens (w ∇ log π(token) + Σ_k c_k ∇ log π(candidate k)).
///
/// The candidates of a place are the K most likely tokens of the current policy there. The objective
/// finds them in `Column(.current, .topTokens(K))` and their log π in
/// `Column(.current, .topLogProbabilities(K))`, which it names in its `needs`. It needs a policy that is a
/// `CandidateGradientPolicy`.
///
/// - Source: SimKO, arXiv 2510.14807, is one that needs it.
public protocol CandidateObjective: PolicyObjective {
  /// K, at least 1 and no more than the vocabulary has.
  var candidateCount: Int { get }

  /// Writes each candidate's weight c = ∂J/∂log π(candidate), and its token's part of the loss. Called
  /// after `weigh`, for the same input.
  ///
  /// - Parameters:
  ///   - input: as `weigh`'s.
  ///   - weights: `[tokens, K]`, row by row, the likeliest candidate first; zero on entry. The drawn
  ///     token may be among the candidates: its weights add up.
  ///   - losses: one for each token, zero on entry; they are added to those of `weigh`.
  ///   - metrics: named means.
  func weighCandidates(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums) throws(FulcrumError)
}
