import FulcrumKernel

/// Estimates how much a token's update changes the entropy of its distribution: the size of Ω =
/// (A/p) π (1 − π)(ln π + H).
///
/// - Unit: log-probabilities and the entropy in nats.
/// - Numerics: π is held in 1e-8...1 − 1e-8 and p above 1e-8; what is not finite counts as 0, as in
///   the authors' code.
/// - Source: arXiv 2510.10150.
package func entropyChange(
  advantage: Float, logProbability: Float, oldLogProbability: Float, entropy: Float
) -> Double {
  let π = min(max(exp(Double(logProbability)), 1e-8), 1 - 1e-8)
  let p = max(exp(Double(oldLogProbability)), 1e-8)
  let change = Double(advantage) / p * π * (1 - π) * (log(π) + Double(entropy))
  return change.isFinite ? abs(change) : 0
}
