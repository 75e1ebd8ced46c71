import Foundation
import FulcrumKernel

/// Counts how many tokens an update moved the way their advantages say, by interval of old
/// probability.
///
/// A token of positive advantage should have become likelier, one of negative advantage less
/// likely.
///
/// - Source: arXiv 2505.12929, Fig. 3.
package struct UpdateDirection: Sendable {
  private struct Counts {
    var positive = 0.0
    var rose = 0.0
    var negative = 0.0
    var fell = 0.0
  }

  private var counts = [Counts](repeating: Counts(), count: 4)

  package init() {}

  /// Counts a token. A token without advantage has no direction and isn't counted.
  package mutating func add(before: Float, after: Float, advantage: Float) {
    let interval = ProbabilityIntervals.index(of: exp(before))
    if advantage > 0 {
      counts[interval].positive += 1
      if after > before { counts[interval].rose += 1 }
    }
    if advantage < 0 {
      counts[interval].negative += 1
      if after < before { counts[interval].fell += 1 }
    }
  }

  /// Writes, for each interval that has such tokens, `direction/<interval>/positive_rose`,
  /// `…/negative_fell` and, over both kinds, `…/correct`.
  package func describe(in metrics: inout Metrics) {
    for (interval, own) in counts.enumerated() {
      func set(_ part: Part, _ value: Double) {
        metrics.set(Self.metric(part, interval: interval), value)
      }
      let all = own.positive + own.negative
      if own.positive > 0 { set(.positiveRose, own.rose / own.positive) }
      if own.negative > 0 { set(.negativeFell, own.fell / own.negative) }
      if all > 0 { set(.correct, (own.rose + own.fell) / all) }
    }
  }
}

extension UpdateDirection {
  /// Scores a part of a rollout again, after the update.
  ///
  /// - Parameters:
  ///   - share: the share of the completions that is scored; each step takes others.
  ///   - before: log π of each completion token of the rollout, before the update.
  ///   - advantages: one for each of them.
  /// - Throws: what the policy throws.
  package init(
    of rollout: Rollout, before: [Float], advantages: [Float], share: Double, step: UInt32,
    by policy: any PolicyModel, temperature: Float
  ) throws(FulcrumError) {
    self.init()
    let sequences = rollout.sequences
    guard share > 0, sequences.sequenceCount > 0 else { return }
    // Every k-th completion, beginning at another one each step.
    let stride = max(1, Int((1 / share).rounded()))
    let first = Int(step) % min(stride, sequences.sequenceCount)
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    var places: [Int] = []
    for group in 0..<sequences.groupCount {
      let ranges = sequences.sequences(ofGroup: group).filter { $0 % stride == first }
        .map { sequences.tokens(ofSequence: $0) }
      guard !ranges.isEmpty else { continue }
      prompts.append(sequences.prompt(ofGroup: group))
      completions.append(ranges.map { sequences.tokens.extracting($0).array })
      for range in ranges { places += range }
    }
    let part = SequenceBatch(prompts: prompts, completions: completions)
    let scored = try ScoredColumns(
      of: part, sequences: 0..<part.sequenceCount, by: policy, temperature: temperature)
    for (after, place) in zip(scored.logProbabilities, places) {
      add(before: before[place], after: after, advantage: advantages[place])
    }
  }
}
