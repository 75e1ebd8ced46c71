import FulcrumKernel

/// Damps unlikely tokens, or with α below 0 raises them: A ← [α π + 1 − α] A, one value for each token.
///
/// - Shape: one factor for each token, a function of that token alone; with `mean-normalised` the
///   factors are divided by their mean over the batch's tokens.
/// - Unit: of the incoming advantages; factors lie between 1 − α, of an impossible token, and 1, of a
///   certain one, and around 1 with `mean-normalised`.
/// - Numerics: factors in `Float`, as in the paper's code; their mean in `Double`. If all factors
///   are 0, so are the advantages. What does not fit `Float` becomes its greatest number.
/// - Source: arXiv 2505.12929, equation (4), with π_old at the rollout temperature for π, as in
///   the paper's code, which re-normalises nothing. α below 0: arXiv 2603.22117, whose code has
///   1 + c − c π with c = −α.
/// - Complexity: O(tokens), no allocation.
package struct AdvantageReweighting: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "advantage-reweighting",
    summary: "damps unlikely tokens: A <- [alpha * pi_old + 1 - alpha] * A",
    source: "arXiv 2505.12929, equation (4); alpha below 0: arXiv 2603.22117",
    formula: "A ← (α p + 1 − α) A",
    parameters: [
      .number(
        "alpha", default: 0.3, in: -1...1,
        help: "0: no change; 1: A is multiplied by pi; below 0: unlikely tokens are raised",
        meaning: .tokenDamping),
      .choice(
        "probability", default: "old", of: ["old", "rollout", "reference"],
        help: "whose pi: the policy's before the step, the sampler's record or the reference's"),
      .flag(
        "negative-only", default: false, help: "damp only negative advantages; others have factor 1"
      ),
      .flag(
        "mean-normalised", default: false,
        help: "divide the factors by their mean over the batch's tokens"),
    ])

  package let needs: Set<Column>
  private let column: Column
  private let alpha: Float
  private let isNegativeOnly: Bool
  private let isMeanNormalised: Bool

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    alpha = Float(try parameters.number("alpha"))
    isNegativeOnly = try parameters.flag("negative-only")
    isMeanNormalised = try parameters.flag("mean-normalised")
    column =
      switch try parameters.text("probability") {
      case "rollout": .rolloutLogProbabilities
      case "reference": .referenceLogProbabilities
      default: .oldLogProbabilities
      }
    needs = [column]
  }

  /// Multiplies each advantage by its token's factor.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logProbabilities = try batch.column(column)
    var scale = 1.0
    if isMeanNormalised {
      var sum = 0.0
      for token in advantages.indices {
        sum += Double(factor(of: advantages[token], logProbability: logProbabilities[token]))
      }
      if sum > 0 { scale = Double(advantages.count) / sum }
    }
    for token in advantages.indices {
      let factor = factor(of: advantages[token], logProbability: logProbabilities[token])
      // The product of two Floats is exact in Double: with scale 1 it is rounded once.
      let advantage = Double(advantages[token]) * Double(factor) * scale
      advantages[token] = Float.nearestFinite(advantage)
    }
  }

  private func factor(of advantage: Float, logProbability: Float) -> Float {
    isNegativeOnly && advantage >= 0 ? 1 : alpha * exp(logProbability) + (1 - alpha)
  }
}
