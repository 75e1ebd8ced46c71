import FulcrumKernel

/// The clipped surrogate less β times the KL to the reference, as a mean over the tokens of the
/// mini-batch.
///
/// Weight of a token: w = [r A 1_trust + β (π_ref/π − 1)] / N, with r = π/π_old; its loss is
/// [−min(rA, clip(r) A) + β k3] / N.
///
/// - Shape: one weight and one loss for each token of the slice; N is the whole mini-batch's token
///   count, so slices don't change a bit.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2505.12929, equations (1) and (2).
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct GRPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "grpo",
    summary: "clipped ratio, less beta times the KL to the reference, as a mean over tokens",
    source: "arXiv 2505.12929, equations (1) and (2)",
    parameters: [
      .number(
        "clip-low", default: 0.2, in: 0...1,
        help: "a ratio below 1 - clip-low gives no gradient where the advantage is negative"),
      .number(
        "clip-high", default: 0.24, in: 0...100,
        help: "a ratio above 1 + clip-high gives no gradient where the advantage is positive"),
      .number(
        "dual-clip", default: 0, in: 0...1000,
        help: "a ratio above it gives no gradient where the advantage is negative; 0: off, "
          + "10 in the paper's scripts"),
      .number(
        "beta", default: 0.001, in: 0...10,
        help: "weight of the KL to the reference; 0: no reference policy is needed"),
      .flag(
        "kl-clamp", default: true,
        help: "hold the KL's log ratio in -5...5 and the KL in -10...10, as the paper's code does"),
    ])

  package let needs: Set<Column>
  private let surrogate: ClippedSurrogate
  private let divergence: ReferenceDivergence
  private let beta: Double

  /// - Throws: `.parameter` for a dual clip above 0 that is not above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let dual = try parameters.number("dual-clip")
    guard dual == 0 || dual > 1 else {
      throw parameters.refuse(
        "dual-clip", "expected 0 (off) or a number above 1, got \(dual)",
        hint: "a ratio of 1 must stay unclipped; the paper's scripts have 10")
    }
    surrogate = ClippedSurrogate(
      low: try parameters.number("clip-low"), high: try parameters.number("clip-high"),
      dual: dual == 0 ? .infinity : dual)
    divergence = ReferenceDivergence(isClamped: try parameters.flag("kl-clamp"))
    beta = try parameters.number("beta")
    needs =
      beta > 0
      ? [.oldLogProbabilities, .referenceLogProbabilities] : [.oldLogProbabilities]
  }

  /// Sets the weights and losses of a slice's tokens and adds to the metrics.
  ///
  /// - Throws: `.pluginFault` if a column that was declared as needed is missing.
  package func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let count = input.tokenCount
    try Self.require(count, got: input.advantages.count, "advantages")
    try Self.require(count, got: input.oldLogProbabilities.count, "old log-probabilities")
    if beta > 0 {
      try Self.require(
        count, got: input.referenceLogProbabilities.count, "reference log-probabilities")
    }
    let share = 1 / Double(input.minibatchTokenCount)
    var tally = ObjectiveTally()
    for token in 0..<count {
      let logProbability = Double(input.logProbabilities[token])
      let advantage = Double(input.advantages[token])
      let logRatio = logProbability - Double(input.oldLogProbabilities[token])
      let ratio = boundedExponential(logRatio)
      let branch = surrogate.branch(ratio: ratio, advantage: advantage)
      var objective = surrogate.value(ratio: ratio, advantage: advantage, branch: branch)
      var weight = branch == .unclipped ? ratio * advantage : 0
      if beta > 0 {
        let reference = Double(input.referenceLogProbabilities[token])
        let (value, pull) = divergence.estimate(logRatio: reference - logProbability)
        objective -= beta * value
        weight += beta * pull
        tally.divergence += value
      }
      tally.count(branch, ratio: ratio, logRatio: logRatio)
      weights[token] = Float(weight * share)
      losses[token] = Float(-objective * share)
    }
    tally.report(
      count, hasDualClip: surrogate.dual.isFinite, hasDivergence: beta > 0, to: &metrics)
  }

  private static func require(_ count: Int, got: Int, _ what: String) throws(FulcrumError) {
    guard got == count else {
      throw FulcrumError(
        .pluginFault, "expected \(count) \(what), one for each token, got \(got)", at: "grpo",
        hint: "the host must compute every column that the objective names in its 'needs'")
    }
  }
}
