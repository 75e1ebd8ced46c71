import FulcrumKernel
internal import Glibc

/// Low-probability token isolation: unlikely tokens and likely ones are updated apart.
///
/// Phase `low` holds the tokens with π_old < η, phase `high` those with π_old ≥ η. Each runs
/// through all mini-batches of the step, so a step takes twice as many optimiser steps.
///
/// - Shape: two phases always, whose masks partition the batch's tokens. One may be empty: the
///   trainer skips a phase without tokens.
/// - Numerics: probabilities are compared, not their logarithms, and in `Float`, as in the paper's
///   code. A log-probability that is NaN counts as `high`.
/// - Source: arXiv 2505.12929, Algorithm 1; the paper writes ≤ η and > η, its code
///   < η and ≥ η.
package struct Lopti: UpdateScheduler {
  package static let manual = ComponentManual(
    name: "lopti",
    summary: "updates tokens of probability below eta apart from the others",
    source: "arXiv 2505.12929, Algorithm 1",
    parameters: [
      .number("eta", default: 0.5, in: 0...1, help: "tokens with pi_old below it are 'low'"),
      .choice(
        "order", default: "low-first", of: ["low-first", "high-first"],
        help: "which phase runs first; the paper finds high-first worse than no phases"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  private let eta: Float
  private let isLowFirst: Bool

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    eta = Float(try parameters.number("eta"))
    isLowFirst = try parameters.text("order") == "low-first"
  }

  /// The phases `low` and `high` in the configured order; advantages are not read.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    var isLow: [Bool] = []
    isLow.reserveCapacity(logProbabilities.count)
    for token in logProbabilities.indices { isLow.append(exp(logProbabilities[token]) < eta) }
    let low = UpdatePhase(name: "low", participates: isLow)
    let high = UpdatePhase(name: "high", participates: isLow.map { !$0 })
    return isLowFirst ? [low, high] : [high, low]
  }
}
