import Foundation
import FulcrumKernel
import Training

/// Numbers of Fig. 1 and of the interventions, of one batch.
package struct BatchFindings: Sendable {
  static let histogramBins = 20

  package let tokenCount: Int
  /// Each interval's share of the tokens.
  package let shares: [Double]
  /// Shares of the tokens by twentieths of the probability.
  package let histogram: [Double]
  package let advantages: IntervalSummary
  /// Changes of probability after an update of all tokens.
  package let change: IntervalSummary
  /// Changes of probability after an update of each interval's tokens alone.
  package let changes: [IntervalSummary]
  /// For each of `changes`, the mean change of tokens in the direction of their advantage.
  package let along: [[Double]]
  /// The gradient norm of all tokens.
  package let norm: Double
  /// The gradient norm of each interval's tokens alone.
  package let norms: [Double]

  /// Takes an update with all tokens, and one with those of each interval.
  ///
  /// - Parameter rollout: its log-probabilities are the scores of the policy under the microscope.
  init(
    _ experiment: Experiment, _ components: StepComponents, on rollout: Rollout, step: UInt32
  ) throws(FulcrumError) {
    let before = rollout.logProbabilities
    let intervals = before.map { ProbabilityIntervals.index(of: exp($0)) }
    tokenCount = before.count
    var counts = [Double](repeating: 0, count: IntervalSummary.count)
    for interval in intervals { counts[interval] += 1 }
    shares = counts.map { $0 / Double(max(1, before.count)) }
    var probabilities = ValueHistogram(
      from: 0, width: 1 / Double(Self.histogramBins), buckets: Self.histogramBins)
    for log in before { probabilities.add(Double(exp(log))) }
    histogram = probabilities.counts.map { $0 / Double(max(1, before.count)) }

    let all = try experiment.single(components, on: rollout, step: step, interval: nil)
    advantages = IntervalSummary(all.advantages, intervals: intervals)
    norm = all.gradientNorm
    change = IntervalSummary(
      Self.changes(before, all.logProbabilities), intervals: intervals)
    var changes: [IntervalSummary] = []
    var along: [[Double]] = []
    var norms: [Double] = []
    for interval in 0..<IntervalSummary.count {
      let outcome = try experiment.single(components, on: rollout, step: step, interval: interval)
      let values = Self.changes(before, outcome.logProbabilities)
      changes.append(IntervalSummary(values, intervals: intervals))
      along.append(Self.along(values, advantages: all.advantages, intervals: intervals))
      norms.append(outcome.gradientNorm)
    }
    self.changes = changes
    self.along = along
    self.norms = norms
  }

  /// Returns π after − π before.
  private static func changes(_ before: [Float], _ after: [Float]) -> [Float] {
    zip(before, after).map { Float(exp(Double($1)) - exp(Double($0))) }
  }

  /// Returns, by interval, the mean of sign(A) · change over the tokens with an advantage.
  private static func along(
    _ changes: [Float], advantages: [Float], intervals: [Int]
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: IntervalSummary.count)
    var counts = sums
    for (token, change) in changes.enumerated() where advantages[token] != 0 {
      sums[intervals[token]] += Double(advantages[token] > 0 ? change : -change)
      counts[intervals[token]] += 1
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / $1 : .nan }
  }
}

/// An arm of Fig. 3: a way to train, ready to take a step, with its name in the record.
package struct ArmComponents {
  let name: String
  let components: StepComponents

  package init(name: String, components: StepComponents) {
    self.name = name
    self.components = components
  }
}

/// Shares of tokens that one training step of an arm moved the way of their advantages (Fig. 3), by
/// interval. NaN for an interval without such tokens.
package struct ArmFindings: Sendable {
  package let positiveRose: [Double]
  package let negativeFell: [Double]
  package let correct: [Double]

  init(_ experiment: Experiment, _ arm: ArmComponents, on rollout: Rollout, step: UInt32)
    throws(FulcrumError)
  {
    let outcome = try experiment.run(arm.components, on: rollout, step: step)
    var direction = UpdateDirection()
    for (token, before) in rollout.logProbabilities.enumerated() {
      direction.add(
        before: before, after: outcome.logProbabilities[token],
        advantage: outcome.advantages[token])
    }
    var metrics = Metrics()
    direction.describe(in: &metrics)
    func values(_ part: UpdateDirection.Part) -> [Double] {
      (0..<IntervalSummary.count).map {
        metrics[UpdateDirection.metric(part, interval: $0)] ?? .nan
      }
    }
    positiveRose = values(.positiveRose)
    negativeFell = values(.negativeFell)
    correct = values(.correct)
  }
}
