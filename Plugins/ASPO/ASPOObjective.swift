import FulcrumKernel
import ObjectiveParts

/// The ratio stands upside down where the advantage is positive: what became less likely counts
/// more.
///
/// A > 0: w = share · min(1/r, c) A, and 0 where r > 1 + clip-high. A < 0: w = share · min(r, c) A,
/// and 0 where r < 1 − clip-low. The cap c is soft: it bounds the weight and takes no gradient
/// away. Both clips have a second value for the tokens of high entropy in their sequence.
///
/// - Shape: one weight and one loss for each token of the slice; a sequence is whole in it.
///   Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: the loss is −w log π with w as a constant, in advantage times nats.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2510.06062; clips by entropy: the authors' code (see the README).
/// - Complexity: O(n log n) for n tokens of a sequence.
package struct ASPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "aspo",
    summary: "importance ratio inverted where A > 0: min(1/r, c) A; a soft cap c on either side",
    source: "arXiv 2510.06062",
    formula:
      "w = min(1/r, c) A where A > 0, 0 above the clip; min(r, c) A where A < 0, 0 below the clip",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.2) + [
      .number(
        "high-entropy-clip-low", default: 0.4, in: 0...1,
        help: "clip-low of tokens of high entropy"),
      .number(
        "high-entropy-clip-high", default: 0.4, in: 0...100,
        help: "clip-high of tokens of high entropy"),
      EntropySides.parameter,
      .number(
        "cap", default: 3, in: 1...1000, help: "c: a factor 1/r or r above it counts as that"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let certain: ClippedSurrogate
  private let uncertain: ClippedSurrogate
  private let quantile: Double
  private let cap: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    certain = try ClippedSurrogate(parameters)
    uncertain = ClippedSurrogate(
      low: try parameters.number("high-entropy-clip-low"),
      high: try parameters.number("high-entropy-clip-high"))
    quantile = try parameters.number("quantile")
    cap = try parameters.number("cap")
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing; `.notFinite` for
  ///   an entropy that is not a number.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, .entropies, by: Self.manual.name)
    let current = input.logProbabilities
    let sides = try EntropySides(of: input, quantile: quantile, by: Self.manual.name)
    input.weighTokens(&weights, &losses, &metrics) { token in
      let surrogate = sides.isHigh[token.place] ? uncertain : certain
      let advantage = token.advantage
      let branch = surrogate.branch(ratio: token.ratio, advantage: advantage)
      let factor = advantage > 0 ? 1 / token.ratio : token.ratio
      // The NaN must be the first argument: min then returns it.
      let slope = branch == .unclipped ? min(factor, cap) * advantage : 0
      return TokenTerm(
        slope: slope, value: slope * Double(current[token.place]), branch: branch)
    }
  }
}
