import FulcrumKernel
internal import Glibc

/// Two phases as large as those of a split at η, with their tokens drawn at random: what is left
/// of isolating low-probability tokens if the probabilities don't matter.
///
/// In each mini-batch as many tokens as have π_old < η are drawn without replacement, every set of
/// that size with the same chance. They are phase `random-low`, the others `random-high`.
///
/// - Shape: two phases always, whose masks partition the batch's tokens. One may be empty.
/// - Numerics: counts tokens as the split at η does: probabilities in `Float`, NaN not counted.
///   A draw is a function of the seed, the step and the token's place in the batch.
/// - Source: selection sampling, Knuth, The Art of Computer Programming 2, 3.4.2, Algorithm S. The
///   control itself is ours: arXiv 2505.12929 has none of equal optimiser steps.
package struct RandomSplit: UpdateScheduler {
  package static let manual = ComponentManual(
    name: "random-split",
    summary: "two phases of random tokens, as many as lie below and above eta",
    source: "a control for arXiv 2505.12929, Algorithm 1",
    parameters: [
      .number(
        "eta", default: 0.5, in: 0...1,
        help: "as many tokens are 'random-low' as have pi_old below it"),
      .choice(
        "order", default: "low-first", of: ["low-first", "high-first"],
        help: "which phase runs first"),
      .choice(
        "split-per", default: "batch", of: ["batch", "minibatch"],
        help: "batch: each phase runs through all mini-batches; minibatch: each mini-batch runs"
          + " through both phases"),
    ])

  package let needs: Set<Column> = [.oldLogProbabilities]
  package let nesting: PhaseNesting
  private let eta: Float
  private let isLowFirst: Bool
  private let random: CounterRandom

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    eta = Float(try parameters.number("eta"))
    isLowFirst = try parameters.text("order") == "low-first"
    nesting =
      try parameters.text("split-per") == "minibatch" ? .minibatchByMinibatch : .phaseByPhase
    random = CounterRandom(seed: context.seed, purpose: "random-split")
  }

  /// The phases `random-low` and `random-high` in the configured order; advantages are not read.
  ///
  /// - Throws: `.pluginFault` if the host did not compute the old log-probabilities.
  /// - Complexity: O(T) for T tokens.
  package func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    let logProbabilities = try batch.column(.oldLogProbabilities)
    let offsets = batch.minibatchOffsets
    var stream = random.stream(UInt64(batch.step))
    var isLow: [Bool] = []
    isLow.reserveCapacity(logProbabilities.count)
    for minibatch in 1..<offsets.count {
      let tokens = batch.sequences.tokens(
        ofSequences: offsets[minibatch - 1]..<offsets[minibatch])
      var wanted = 0
      for token in tokens where exp(logProbabilities[token]) < eta { wanted += 1 }
      for token in tokens {
        // Drawing one for every token, needed or not, ties a draw to its place.
        let isDrawn = stream.uniform() * Double(tokens.upperBound - token) < Double(wanted)
        if isDrawn { wanted -= 1 }
        isLow.append(isDrawn)
      }
    }
    let low = UpdatePhase(name: "random-low", participates: isLow)
    let high = UpdatePhase(name: "random-high", participates: isLow.map { !$0 })
    return isLowFirst ? [low, high] : [high, low]
  }
}
