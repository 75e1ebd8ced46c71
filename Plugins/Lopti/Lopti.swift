import FulcrumKernel
internal import Glibc

/// Low-probability token isolation: unlikely tokens and likely ones are updated apart.
///
/// Phase `low` holds the tokens with π_old below a threshold, phase `high` the others. The
/// threshold is η or, with `quantile`, that quantile of the tokens' π_old. Each phase runs through
/// all mini-batches of the step, so a step takes twice as many optimiser steps.
///
/// - Shape: two phases always, whose masks partition the batch's tokens. One may be empty: the
///   trainer skips a phase without tokens.
/// - Numerics: probabilities are compared, not their logarithms, and in `Float`, as in the paper's
///   code. A log-probability that is NaN counts as `high`; among tokens with one there is no
///   quantile, and all of them are `high`.
/// - Source: arXiv 2505.12929, Algorithm 1; the paper writes ≤ η and > η, its code
///   < η and ≥ η. The quantile is the code's alone.
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
      .number(
        "quantile", default: 0, in: 0...1,
        help: "instead of eta: the share of the tokens that is 'low', the unlikeliest; 0: off"),
      .choice(
        "split-per", default: "batch", of: ["batch", "minibatch"],
        help: "batch: each phase runs through all mini-batches, as in the paper's code;"
          + " minibatch: each mini-batch runs through both phases"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let nesting: PhaseNesting
  private let eta: Float
  private let quantile: Double
  private let isLowFirst: Bool

  /// - Throws: `.parameter` if both `quantile` and `eta` are given.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    let threshold = try parameters.number("eta")
    quantile = try parameters.number("quantile")
    guard quantile == 0 || threshold == 0.5 else {
      throw parameters.refuse(
        "quantile",
        "expected either eta or quantile, got eta \(threshold) and quantile \(quantile)",
        hint: "leave out 'eta' to split off a share of the tokens, 'quantile' to split at a"
          + " probability")
    }
    eta = Float(threshold)
    isLowFirst = try parameters.text("order") == "low-first"
    nesting =
      try parameters.text("split-per") == "minibatch" ? .minibatchByMinibatch : .phaseByPhase
  }

  /// The phases `low` and `high` in the configured order; advantages are not read.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  /// - Complexity: O(T) for T tokens; with a quantile O(T log T).
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    var isLow: [Bool] = []
    isLow.reserveCapacity(logProbabilities.count)
    for sequences in parts(of: batch) {
      var probabilities: [Float] = []
      for token in batch.sequences.tokens(ofSequences: sequences) {
        probabilities.append(exp(logProbabilities[token]))
      }
      let threshold = threshold(of: probabilities)
      isLow += probabilities.map { $0 < threshold }
    }
    let low = UpdatePhase(name: "low", participates: isLow)
    let high = UpdatePhase(name: "high", participates: isLow.map { !$0 })
    return isLowFirst ? [low, high] : [high, low]
  }

  /// The sequences that are split by one threshold: all, or a mini-batch's.
  private func parts(of batch: RolloutBatch) -> [Range<Int>] {
    guard nesting == .minibatchByMinibatch else { return [0..<batch.sequences.sequenceCount] }
    return (1..<batch.minibatchOffsets.count).map {
      batch.minibatchOffsets[$0 - 1]..<batch.minibatchOffsets[$0]
    }
  }

  private func threshold(of probabilities: [Float]) -> Float {
    // No probability is below 0, so without a quantile no token is low.
    quantile > 0 ? Quantile.linear(quantile, of: probabilities) ?? 0 : eta
  }
}
