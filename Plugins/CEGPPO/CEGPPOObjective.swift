import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate whose clipped tokens keep a bounded gradient.
///
/// Inside the clip w = share · r A, as `grpo`'s. A token that the clip would silence has the bound
/// in place of r, times a coefficient: β_low (1 − clip-low) A below it, β_high (1 + clip-high) A
/// above it.
///
/// - Shape: one weight and one loss for each token of the slice, each a function of that token
///   alone. Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: the loss of a clipped token is −w (1 + log r), whose slope is −w; the authors' is −w,
///   with the gradient carried by r/sg(r).
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2509.20712 and the authors' code, which has the dual clip besides.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct CEGPPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "ce-gppo",
    summary:
      "clipped ratio whose clipped tokens keep a bounded gradient, beta times the bound times A",
    source: "arXiv 2509.20712",
    formula:
      "w = r A in the clip; β_low (1 − ε_low) A below it, A < 0; β_high (1 + ε_high) A above it, A > 0",
    parameters: [
      .number(
        "clip-low", default: 0.2, in: 0...1,
        help: "a ratio below 1 - clip-low counts as that times beta-low where A is negative"),
      .number(
        "clip-high", default: 0.2, in: 0...100,
        help: "a ratio above 1 + clip-high counts as that times beta-high where A is positive"),
      .number(
        "beta-low", default: 0.5, in: 0...1,
        help: "how much tokens below the clip count; the more, the faster entropy falls; 0: as grpo"
      ),
      .number(
        "beta-high", default: 1, in: 0...10,
        help: "how much tokens above the clip count; the less, the faster entropy falls; 0: as grpo"
      ),
      ClippedSurrogate.dualClipParameter(default: 10),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let isTokenwise = true
  private let surrogate: ClippedSurrogate
  private let low: Double
  private let high: Double

  /// - Throws: `.parameter` for a dual clip above 0 that is not above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(parameters, dual: ClippedSurrogate.dualClip(parameters))
    low = try parameters.number("beta-low") * (1 - surrogate.low)
    high = try parameters.number("beta-high") * (1 + surrogate.high)
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
      let branch = surrogate.branch(ratio: token.ratio, advantage: token.advantage)
      let advantage = token.advantage
      switch branch {
      case .unclipped:
        return TokenTerm(slope: token.ratio * advantage, value: token.ratio * advantage)
      case .low, .high:
        let slope = (branch == .low ? low : high) * advantage
        return TokenTerm(slope: slope, value: slope * (1 + token.logRatio), branch: branch)
      case .dual:
        return TokenTerm(slope: 0, value: surrogate.dual * advantage, branch: branch)
      }
    }
  }
}
