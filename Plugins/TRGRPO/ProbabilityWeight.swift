import FulcrumKernel

/// Weighs every token by a function of its probability: A ← g(π) A.
///
/// - Shape: a function of each token alone; with `mean-normalised` weights are divided by their mean over
///   the batch's tokens.
/// - Unit: of the incoming advantages.
/// - Numerics: π, g and the mean in `Double`, one rounding. What does not fit `Float` becomes its greatest
///   number.
/// - Source: TR-GRPO, arXiv 2511.00066: w = clip(α [σ(π/τ) − μ], L, U); `TokenWeight` names the others'.
/// - Complexity: O(tokens), no allocation.
package struct ProbabilityWeight: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "tr-grpo",
    summary: "weighs tokens by a function of their probability: A <- g(pi_old) A",
    source: "arXiv 2511.00066; arXiv 2505.12929 and 2603.22117, their code",
    formula: "A ← g(p) A, g(p) = clip(α [σ(p/τ) − μ], L, U) or another form",
    parameters: [
      .choice(
        "form", default: "sigmoid", of: TokenWeight.allCases.map(\.rawValue),
        help:
          "g: clip(alpha (s(p/tau) - mu), lower, upper); 2 s(alpha (p - mu)); alpha p + 1 - alpha;"
          + " p^alpha; 1/(1 + alpha - p); alpha + p (1 - p)"),
      .number(
        "alpha", default: 2, in: 0...1e6, help: "the strength, as the form has it",
        meaning: .tokenDamping),
      .number(
        "tau", default: 1.0 / 9, in: 1e-6...1e6,
        help: "of form sigmoid: what divides the probability"),
      .number("mu", default: 0.25, in: 0...1, help: "of the two sigmoids: what is subtracted"),
      .number("lower", default: 1, in: 0...1e6, help: "of form sigmoid: the least weight"),
      .number("upper", default: 1.4, in: 0...1e6, help: "of form sigmoid: the greatest weight"),
      .flag(
        "mean-normalised", default: false,
        help: "divide the weights by their mean over the batch's tokens"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let form: TokenWeight
  private let constants: TokenWeight.Constants
  private let isMeanNormalised: Bool

  /// - Throws: `.parameter` for a strength that the form has no sense for, or bounds that cross.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    form = TokenWeight(rawValue: try parameters.text("form")) ?? .sigmoid
    constants = TokenWeight.Constants(
      alpha: try parameters.number("alpha"), tau: try parameters.number("tau"),
      mu: try parameters.number("mu"), lower: try parameters.number("lower"),
      upper: try parameters.number("upper"))
    isMeanNormalised = try parameters.flag("mean-normalised")
    guard form != .linear || constants.alpha <= 1 else {
      throw parameters.refuse(
        "alpha", "expected a number in 0.0...1.0 with form linear, got \(constants.alpha)",
        hint: "above 1 the sign of unlikely tokens' advantages would turn")
    }
    guard form != .inverse || constants.alpha > 0 else {
      throw parameters.refuse(
        "alpha", "expected a number above 0 with form inverse, got 0.0",
        hint: "1 / (1 - p) is infinite for a certain token")
    }
    guard constants.lower <= constants.upper else {
      throw parameters.refuse(
        "upper", "expected at least lower, \(constants.lower), got \(constants.upper)",
        hint: "weights lie between lower and upper")
    }
  }

  /// Weighs each advantage.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logs = try batch.column(.oldLogProbabilities)
    var scale = 1.0
    if isMeanNormalised {
      let sum = advantages.indices.reduce(0.0) { $0 + form.weight(ofLog: logs[$1], constants) }
      if sum > 0 { scale = Double(advantages.count) / sum }
    }
    for token in advantages.indices {
      let weight = form.weight(ofLog: logs[token], constants) * scale
      advantages[token] = Float.nearestFinite(Double(advantages[token]) * weight)
    }
  }
}
