import FulcrumKernel
import ScheduleParts

/// Isolates low-probability tokens: unlikely tokens and likely ones are updated apart.
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
    formula: "p < η, then p ≥ η",
    parameters: UnlikelySplit.parameters(
      eta: "tokens with pi_old below it are 'low'",
      order: "which phase runs first; the paper finds high-first worse than no phases",
      quantile: "instead of eta: the share of the tokens that is 'low', the unlikeliest; 0: off",
      splitPer: "batch: each phase runs through all mini-batches, as in the paper's code;"
        + " minibatch: each mini-batch runs through both phases"))

  package let needs: Set<Column> = [.oldLogProbabilities]
  package var nesting: PhaseNesting { split.nesting }
  private let split: UnlikelySplit

  /// - Throws: `.parameter` if both `quantile` and `eta` are given.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    split = try UnlikelySplit(parameters)
  }

  /// Returns the phases `low` and `high` in the configured order; advantages are not read.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  /// - Complexity: O(T) for T tokens; with a quantile O(T log T).
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    split.phases(low: try split.unlikelyTokens(of: batch))
  }
}
