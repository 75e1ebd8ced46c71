import FulcrumKernel
import ObjectiveParts

/// A soft gate in place of the clip: J = Σ share · (4/τ) σ(τ(r − 1)) A.
///
/// With s = σ(τ(r − 1)) the weight of a token is w = share · 4 s(1 − s) r A: that of plain
/// REINFORCE where r = 1, and less the farther r is from 1, on either side and whatever the sign of
/// A. τ has one value for positive advantages and one for the others.
///
/// - Shape: one weight and one loss for each token of the slice, each a function of that token
///   alone. Sequences of share 0 get zeros and are not in the metrics.
/// - Numerics: each token in `Double`, rounded once; s and 1 − s by the exponential that doesn't
///   overflow.
/// - Source: arXiv 2511.20347.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct SAPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "sapo",
    summary: "soft gate instead of a clip: (4 / tau) sigmoid(tau (r - 1)) A",
    source: "arXiv 2511.20347",
    formula: "w = 4 s (1 − s) r A with s = σ(τ (r − 1)), τ by the sign of A",
    parameters: [
      .number(
        "temperature-positive", default: 1, in: 1e-3...1000,
        help: "tau where the advantage is positive; the greater, the faster the weight falls"),
      .number(
        "temperature-negative", default: 1.05, in: 1e-3...1000,
        help: "tau where the advantage is negative"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let positive: Double
  private let negative: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    positive = try parameters.number("temperature-positive")
    negative = try parameters.number("temperature-negative")
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    input.weighTokens(&weights, &losses, &metrics) { token in
      let temperature = token.advantage > 0 ? positive : negative
      let place = temperature * (token.ratio - 1)
      // e^−|x| is at most 1: the greater of s and 1 − s is 1 / (1 + e^−|x|), the lesser e^−|x| times it.
      let tail = exp(-abs(place))
      let greater = 1 / (1 + tail)
      let gate = place < 0 ? tail * greater : greater
      return TokenTerm(
        slope: 4 * tail * greater * greater * token.ratio * token.advantage,
        value: 4 / temperature * gate * token.advantage)
    }
  }
}
