import FulcrumKernel
internal import Glibc

/// Damps unlikely tokens: A ← [α π + 1 − α] A, one value for each token.
///
/// - Source: arXiv 2505.12929, equation (4), with π_old at the rollout temperature for π, as in
///   the paper's code, which re-normalises nothing.
package struct AdvantageReweighting: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "advantage-reweighting",
    summary: "damps unlikely tokens: A <- [alpha * pi_old + 1 - alpha] * A",
    source: "arXiv 2505.12929, equation (4)",
    parameters: [
      .number("alpha", default: 0.3, in: 0...1, help: "0: no change; 1: A is multiplied by pi"),
      .choice(
        "probability", default: "old", of: ["old", "rollout", "reference"],
        help: "whose pi: the policy's before the step, the sampler's record or the reference's"),
      .flag("negative-only", default: false, help: "damp only negative advantages"),
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

  /// - Throws: `.pluginFault` if the host did not compute the log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logProbabilities = try batch.column(column)
    var sum = 0.0
    for token in advantages.indices {
      let isDamped = !isNegativeOnly || advantages[token] < 0
      let factor = isDamped ? alpha * exp(logProbabilities[token]) + (1 - alpha) : 1
      advantages[token] *= factor
      sum += Double(factor)
    }
    guard isMeanNormalised, sum > 0 else { return }
    let scale = Double(advantages.count) / sum
    let greatest = Float.greatestFiniteMagnitude
    for token in advantages.indices {
      advantages[token] = min(max(Float(Double(advantages[token]) * scale), -greatest), greatest)
    }
  }
}
