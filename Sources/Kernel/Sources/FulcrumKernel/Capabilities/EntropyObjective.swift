/// An objective that weighs the entropy of the policy's distributions, too:
/// ∇J = Σ_tokens (w ∇ log π + v ∇H).
///
/// It needs a policy that is an `EntropyGradientPolicy`.
public protocol EntropyObjective: PolicyObjective {
  /// Writes each token's weight v = ∂J/∂H on the entropy of the distribution it was drawn from, and
  /// its part of the loss. Called after `weigh`, for the same input.
  ///
  /// - Parameters: as `weigh`'s; `losses` are zero on entry and are added to those of `weigh`.
  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums) throws(FulcrumError)
}
