import FulcrumKernel
import ObjectiveParts

/// Rewards the policy for being undecided: J = Σ share · coefficient · H_t.
///
/// H_t is the entropy of the distribution that the token was drawn from. The weight v = ∂J/∂H_t is
/// share · coefficient; the policy knows the gradient of H_t itself, over the whole vocabulary.
/// There is no weight on log π.
///
/// - Shape: one weight and one loss for each token of the slice; zeros for sequences of share 0.
/// - Unit: nats, at the rollout temperature.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: Williams and Peng, "Function optimization using connectionist reinforcement learning
///   algorithms", 1991; arXiv 1602.01783, section 4.
/// - Complexity: O(tokens), no allocation.
package struct EntropyBonus: EntropyObjective {
  package static let manual = ComponentManual(
    name: "entropy-bonus",
    summary: "adds coefficient times the entropy of the policy at each token",
    source: "arXiv 1602.01783, section 4",
    formula: "v = coefficient, on ∇H",
    parameters: [
      .number(
        "coefficient", default: 0.001, in: -10...10,
        help: "weight of the entropy, in advantage per nat; below 0: entropy is made smaller")
    ])

  package let isTokenwise = true
  private let coefficient: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    coefficient = try parameters.number("coefficient")
  }

  /// Leaves everything as it is: the bonus is no function of log π of the drawn token alone.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {}

  /// Sets the weights on the entropies and the losses of a slice's tokens.
  ///
  /// - Throws: `.pluginFault` if the policy gave no entropies.
  package func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.entropies, by: Self.manual.name)
    for sequence in 0..<input.sequenceCount {
      let weight = coefficient * input.share(ofSequence: sequence)
      if weight == 0 { continue }
      for token in input.tokens(ofSequence: sequence) {
        weights[token] = Float(weight)
        losses[token] = Float(-weight * Double(input.entropies[token]))
      }
    }
  }
}
