import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate: J = Σ share · min(rA, clip(r) A), with r of the token or of its sequence.
///
/// With g_t = r A_t 1_trust the weight of a token is share · g_t. Where r is the sequence's, every
/// token of the sequence moves r, and the weight is share · mean g over the sequence.
///
/// - Shape: one weight and one loss for each token of the slice. A sequence is whole in its slice,
///   so slices don't change a bit. Sequences of share 0 get zeros and are not in the metrics.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2505.12929, equations (1), (2) and (4); arXiv 2507.18071, sections 4.1 and 4.3.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct GRPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "grpo",
    summary: "clipped ratio: min(r A, clip(r, 1 - clip-low, 1 + clip-high) A)",
    source: "arXiv 2505.12929, equations (1), (2) and (4); GSPO: arXiv 2507.18071",
    formula:
      "w = r A; 0 where A > 0 and r > 1 + clip-high, or A < 0 and r < 1 − clip-low or r > dual-clip",
    parameters: [
      .choice(
        "importance-ratio", default: ImportanceRatio.token.rawValue,
        of: ImportanceRatio.allCases.map(\.rawValue),
        help: "r: the token's own, or its sequence's geometric mean (GSPO), or that as a constant "
          + "with each token's own gradient (GSPO-token)")
    ] + ClippedSurrogate.parameters(clipHigh: 0.24) + [
      .number(
        "dual-clip", default: 0, in: 0...1000,
        help: "a ratio above it gives no gradient where the advantage is negative; 0: off, "
          + "10 in the paper's scripts"),
      .number(
        "alpha", default: 0, in: 0...1,
        help: "A <- [alpha * pi + 1 - alpha] * A with the current pi as a constant; 0: no change",
        meaning: .tokenDamping),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  /// False for a sequence's ratio, which needs all tokens of the sequence.
  package var isTokenwise: Bool { importanceRatio == .token }
  private let importanceRatio: ImportanceRatio
  private let surrogate: ClippedSurrogate
  private let alpha: Double

  /// - Throws: `.parameter` for a dual clip above 0 that is not above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(
      parameters, dual: try ClippedSurrogate.dualClip(parameters))
    importanceRatio = try ImportanceRatio(parameters)
    alpha = try parameters.number("alpha")
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    try input.require(.advantages, .oldLogProbabilities, by: Self.manual.name)
    var tally = ObjectiveTally()
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      if share == 0 { continue }
      let tokens = input.tokens(ofSequence: sequence)
      let common = importanceRatio.sequenceRatio(of: tokens, in: input)
      var pushes = 0.0
      for token in tokens {
        let logRatio = input.logRatio(token)
        let ratio = common ?? boundedExponential(logRatio)
        let advantage = advantage(of: token, in: input)
        let branch = surrogate.branch(ratio: ratio, advantage: advantage)
        let push = branch == .unclipped ? ratio * advantage : 0
        pushes += push
        weights[token] = Float(push * share)
        losses[token] = Float(
          -surrogate.value(ratio: ratio, advantage: advantage, branch: branch) * share)
        tally.count(ratio: ratio, logRatio: logRatio)
        tally.count(branch)
      }
      if importanceRatio == .sequence {
        let weight = Float(pushes / Double(tokens.count) * share)
        for token in tokens { weights[token] = weight }
      }
    }
    tally.reportClips(hasDualClip: surrogate.dual.isFinite, to: &metrics)
    tally.reportRatios(to: &metrics)
  }

  /// Returns the token's advantage, reweighted by its present probability if `alpha` is above 0.
  private func advantage(of token: Int, in input: borrowing ObjectiveInput) -> Double {
    let advantage = Double(input.advantages[token])
    guard alpha > 0 else { return advantage }
    let probability = boundedExponential(Double(input.logProbabilities[token]))
    return (alpha * probability + (1 - alpha)) * advantage
  }
}
