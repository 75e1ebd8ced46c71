import FulcrumKernel
import ObjectiveParts

/// The clipped surrogate, with each token's advantage scaled by how its sequence's future has moved.
///
/// F_t = Σ_{k ≥ t} 2^(−(k − t)/half-life) log r_k sums the tokens from t to the sequence's end; those above
/// the dual clip add nothing. The influence e^F, held in its bounds, is a constant of the gradient:
/// w_t = share · e^F r A 1_trust. Where A < 0 and r > safety-ratio it is held in 0.8...1 as well, and a
/// sequence of which more than one token is above the dual clip gets nothing.
///
/// - Shape: one weight and one loss for each token of the slice. A sequence is whole in its slice,
///   so slices don't change a bit. Sequences of share 0 get zeros and are not in the metrics.
/// - Unit: F in nats. Losses are −w log π, since the influence has no slope.
/// - Numerics: each token in `Double`, rounded once.
/// - Source: arXiv 2603.19835; its code, qwenpilot/FIPO, `compute_policy_loss_future_kl`.
/// - Complexity: O(tokens), no allocation but for the metrics' entries.
package struct FIPOObjective: PolicyObjective {
  package static let manual = ComponentManual(
    name: "fipo",
    summary:
      "clipped ratio, scaled by e^F with F the discounted sum of the later tokens' log ratios",
    source: "arXiv 2603.19835; code: qwenpilot/FIPO",
    formula: "w = clip(exp F) r A where r is in the clip, else 0; "
      + "F = sum over k >= t of 2^(-(k - t)/half-life) log r_k",
    parameters: ClippedSurrogate.parameters(clipHigh: 0.28) + [
      .number(
        "dual-clip", default: 10, in: 0...1000,
        help: "a ratio above it counts in no F, and has no gradient where A < 0; 0: off"),
      .flag(
        "leave-out", default: true,
        help: "no gradient for a sequence of two and more tokens above the dual clip with A < 0"),
    ] + Influence.parameters)

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let surrogate: ClippedSurrogate
  private let influence: Influence
  private let leavesOut: Bool

  /// - Throws: `.parameter` for a dual clip above 0 that is not above 1.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    surrogate = try ClippedSurrogate(
      parameters, dual: try ClippedSurrogate.dualClip(parameters))
    influence = try Influence(parameters)
    leavesOut = try parameters.flag("leave-out")
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
    var influences = 0.0
    var leftOut = 0
    for sequence in 0..<input.sequenceCount {
      let share = input.share(ofSequence: sequence)
      if share == 0 { continue }
      let tokens = input.tokens(ofSequence: sequence)
      let isLeftOut = leavesOut ? isBeyond(tokens, in: input) : false
      if isLeftOut { leftOut += tokens.count }
      var future = 0.0
      for token in tokens.reversed() {
        let logRatio = input.logRatio(token)
        let ratio = boundedExponential(logRatio)
        let advantage = Double(input.advantages[token])
        future = influence.decay * future + (ratio > surrogate.dual ? 0 : logRatio)
        let factor = influence.factor(future: future, ratio: ratio, advantage: advantage)
        let branch = surrogate.branch(ratio: ratio, advantage: advantage)
        influences += factor
        tally.count(ratio: ratio, logRatio: logRatio)
        tally.count(branch)
        if isLeftOut || branch != .unclipped { continue }
        let weight = factor * ratio * advantage * share
        weights[token] = Float(weight)
        losses[token] = Float(-weight * Double(input.logProbabilities[token]))
      }
    }
    tally.reportClips(hasDualClip: surrogate.dual.isFinite, to: &metrics)
    tally.report("fipo/influence_mean", sum: influences, to: &metrics)
    tally.report("fipo/left_out_mean", sum: Double(leftOut), to: &metrics)
    tally.reportRatios(to: &metrics)
  }

  /// Whether more than one token of a sequence is above the dual clip.
  private func isBeyond(_ tokens: Range<Int>, in input: borrowing ObjectiveInput) -> Bool {
    var count = 0
    for token in tokens {
      let ratio = boundedExponential(input.logRatio(token))
      let branch = surrogate.branch(ratio: ratio, advantage: Double(input.advantages[token]))
      if branch == .dual { count += 1 }
    }
    return count > 1
  }
}
