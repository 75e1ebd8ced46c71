import FulcrumKernel
internal import Glibc

/// Damps unlikely tokens: A ← [α π_old + 1 − α] A, one value for each token.
///
/// - Source: arXiv 2505.12929, equation (4), with π_old at the rollout temperature for π, as in
///   the paper's code. Nothing is re-normalised.
package struct AdvantageReweighting: AdvantageTransform {
  package static let manual = ComponentManual(
    name: "advantage-reweighting",
    summary: "damps unlikely tokens: A <- [alpha * pi_old + 1 - alpha] * A",
    source: "arXiv 2505.12929, equation (4)",
    parameters: [
      .number("alpha", default: 0.3, in: 0...1, help: "0: no change; 1: A is multiplied by pi_old")
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let alpha: Float

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    alpha = Float(try parameters.number("alpha"))
  }

  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  package func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    for token in advantages.indices {
      advantages[token] *= alpha * exp(logProbabilities[token]) + (1 - alpha)
    }
  }
}
