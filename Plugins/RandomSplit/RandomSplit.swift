import FulcrumKernel
import ScheduleParts

/// Makes two phases as large as those of `lopti` with the same parameters, but draws their tokens
/// at random: the control that shows whether the probabilities matter.
///
/// In each mini-batch as many tokens as `lopti` calls low are drawn without replacement, every set
/// of that size with the same chance. They are phase `random-low`, the others `random-high`.
///
/// - Shape: two phases always, whose masks partition the batch's tokens. One may be empty.
/// - Numerics: counts tokens as `lopti` does: probabilities in `Float`, NaN not counted, and with
///   a NaN no quantile. A draw is a function of the seed, the step and the token's place in the
///   batch.
/// - Source: selection sampling, Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S. The
///   control itself is ours: arXiv 2505.12929 has none of equal optimiser steps.
package struct RandomSplit: UpdateScheduler {
  package static let manual = ComponentManual(
    name: "random-split",
    summary: "two phases of random tokens, as many as lopti's phases have",
    source: "a control for arXiv 2505.12929, Algorithm 1",
    formula: "as many random tokens as have p < η, then the others",
    parameters: UnlikelySplit.parameters(
      eta: "as many tokens are 'random-low' as have pi_old below it",
      order: "which phase runs first",
      quantile: "instead of eta: the share of the tokens that is 'random-low'; 0: off",
      splitPer: "batch: each phase runs through all mini-batches; minibatch: each mini-batch runs"
        + " through both phases"))

  package let needs: Set<Column> = [.oldLogProbabilities]
  package var nesting: PhaseNesting { split.nesting }
  private let split: UnlikelySplit
  private let random: CounterRandom

  /// - Throws: `.parameter` if both `quantile` and `eta` are given.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    split = try UnlikelySplit(parameters)
    random = CounterRandom(seed: context.seed, purpose: "random-split")
  }

  /// The phases `random-low` and `random-high` in the configured order; advantages are not read.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  /// - Complexity: O(T) for T tokens; with a quantile O(T log T).
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    // Only the number of them in each mini-batch is used.
    let unlikely = try split.unlikelyTokens(of: batch)
    let offsets = batch.minibatchOffsets
    var stream = random.stream(UInt64(batch.step))
    var isLow: [Bool] = []
    isLow.reserveCapacity(unlikely.count)
    for minibatch in 1..<offsets.count {
      let tokens = batch.sequences.tokens(
        ofSequences: offsets[minibatch - 1]..<offsets[minibatch])
      var wanted = 0
      for token in tokens where unlikely[token] { wanted += 1 }
      for token in tokens {
        // A draw for every token, needed or not, ties the draw to the token's place.
        let isDrawn = stream.uniform() * Double(tokens.upperBound - token) < Double(wanted)
        if isDrawn { wanted -= 1 }
        isLow.append(isDrawn)
      }
    }
    return split.phases(low: isLow, prefix: "random-")
  }
}
