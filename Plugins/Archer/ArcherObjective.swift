import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate and a KL to the reference, each with two settings: for tokens of high
/// entropy in their sequence and for the others.
///
/// J = Σ share · (min(rA, clip(r) A) − β n/m k3): the few uncertain tokens, at which reasoning
/// forks, may move farther than those that carry knowledge. n/m is 1, or tokens of the sequence
/// over those of the token's side, which makes a mean over the sequence one over the side.
///
/// - Shape: one weight and one loss for each token of the slice; a sequence is whole in it.
///   Sequences of share 0 get zeros and are not in the metrics.
/// - Numerics: each token in `Double`, rounded once. k3 is bounded by 10, with no gradient beyond.
/// - Source: arXiv 2507.15778.
/// - Complexity: O(n log n) for n tokens of a sequence.
package struct ArcherObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "archer",
    summary: "clipped ratio and KL, with a wider clip and a weaker KL for tokens of high entropy",
    source: "arXiv 2507.15778",
    formula:
      "w = r A in the clip, else 0, + β (π_ref/π − 1); clip and β by H > its sequence's quantile",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.2) + [
      .number(
        "high-entropy-clip-low", default: 0.5, in: 0...1,
        help: "clip-low of tokens of high entropy"),
      .number(
        "high-entropy-clip-high", default: 0.5, in: 0...100,
        help: "clip-high of tokens of high entropy"),
      EntropySides.parameter,
      ClippedSurrogate.dualClipParameter(default: 10),
      .number(
        "beta", default: 0.001, in: 0...10, help: "weight of the KL to the reference (k3)",
        meaning: .referenceStrength),
      .number(
        "high-entropy-beta", default: 0, in: 0...10, help: "beta of tokens of high entropy"),
      .choice(
        "kl-mean", default: "side", of: ["side", "sequence"],
        help: "the KL of a sequence's tokens is a mean over those of a side, or over all"),
    ])

  package let needs: Set<Column>
  private let certain: ClippedSurrogate
  private let uncertain: ClippedSurrogate
  private let quantile: Double
  private let beta: Double
  private let uncertainBeta: Double
  private let isMeanOfSide: Bool

  /// - Throws: `.parameter` for a dual clip above 0 that is not above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    certain = try ClippedSurrogate(parameters, dual: ClippedSurrogate.dualClip(parameters))
    uncertain = ClippedSurrogate(
      low: try parameters.number("high-entropy-clip-low"),
      high: try parameters.number("high-entropy-clip-high"), dual: certain.dual)
    quantile = try parameters.number("quantile")
    beta = try parameters.number("beta")
    uncertainBeta = try parameters.number("high-entropy-beta")
    isMeanOfSide = try parameters.text("kl-mean") == "side"
    needs =
      beta + uncertainBeta > 0
      ? [.oldLogProbabilities, .referenceLogProbabilities] : [.oldLogProbabilities]
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
    if needs.count > 1 { try input.require(.referenceLogProbabilities, by: Self.manual.name) }
    let current = input.logProbabilities
    let reference = input.referenceLogProbabilities
    let sides = try EntropySides(of: input, quantile: quantile, by: Self.manual.name)
    input.weighTokens(&weights, &losses, &metrics) { token in
      let isHigh = sides.isHigh[token.place]
      var term = (isHigh ? uncertain : certain).term(of: token)
      let beta = isHigh ? uncertainBeta : beta
      if beta > 0 {
        let factor = beta * (isMeanOfSide ? sides.sideFactor[token.place] : 1)
        let x = Double(reference[token.place]) - Double(current[token.place])
        // The NaN must be the first argument: min and max then return it.
        let pull = expm1(min(max(x, -80), 80))
        term.value -= factor * min(pull - x, 10)
        if !(pull - x > 10) { term.slope += factor * pull }
      }
      return term
    }
  }
}
