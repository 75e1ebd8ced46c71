import Foundation
import FulcrumKernel

/// Collects what metrics need of an update.
package struct UpdateReport {
  package var sums = MetricSums()
  package var intervals = ProbabilityIntervals()
  /// Histogram of log₁₀ of each token's pull |w| · ‖∇_z log π‖, where it has one.
  package var pulls = ValueHistogram(from: -12, width: 0.25, buckets: 64)
  package var loss = 0.0
  package var gradientNorms: [(phase: String, norm: Double)] = []
  var clippedSteps = 0
  /// The number of tokens that take part, by phase.
  package private(set) var phaseTokens: [(phase: String, tokens: Int)] = []
  /// The largest |log π now − log π as sampled| before any parameter moved.
  var logProbabilityDifference = 0.0
  /// The weights and levers of the first completions' tokens.
  package var watch: TokenWatch
  /// The reasons for which optimiser steps were left out.
  package var skipped: [FulcrumError] = []
  /// The number of optimiser steps that a token takes part in, on average.
  package private(set) var passes = 1.0
  package let minibatches: Int
  private var entropy = 0.0
  private var weighedTokens = 0

  /// - Parameters:
  ///   - sequences: the sequences of the batch.
  ///   - minibatches: the number of mini-batches of the batch.
  package init(on sequences: SequenceBatch, plan: UpdatePlan, minibatches: Int) {
    watch = TokenWatch(of: sequences)
    self.minibatches = minibatches
    let tokens = sequences.tokenCount
    for phase in plan.phases {
      phaseTokens.append((phase.name, phase.participates?.count(where: \.self) ?? tokens))
    }
    if !plan.phases.isEmpty, tokens > 0 {
      passes =
        Double(plan.iterations * phaseTokens.reduce(0) { $0 + $1.tokens }) / Double(tokens)
    }
  }

  /// Counts a token that takes part in an optimiser step.
  package mutating func count(
    loss: Double, logProbability: Float, weight: Float, entropy: Float, lever: Float
  ) {
    self.loss += loss
    self.entropy += Double(entropy)
    weighedTokens += 1
    pulls.add(Double(log10(abs(weight) * lever)))
    intervals.add(
      logProbability: logProbability, weight: weight, lever: lever, entropy: entropy)
  }

  package func describe(in metrics: inout Metrics, learningRate: Double) {
    let norms = gradientNorms.map(\.norm)
    metrics.set(MetricName.loss, loss / (Double(max(1, minibatches)) * max(1, passes)))
    metrics.set(MetricName.gradientNorm, Statistics.mean(norms))
    for (phase, tokens) in phaseTokens where phaseTokens.count > 1 {
      let own = gradientNorms.filter { $0.phase == phase }.map(\.norm)
      metrics.set("phases/\(phase)/tokens", Double(tokens))
      metrics.set("phases/\(phase)/grad_norm", Statistics.mean(own))
    }
    metrics.set("optimizer_steps", Double(norms.count))
    metrics.set("optimizer_steps_skipped", Double(skipped.count))
    metrics.set("gradient_clipped_ratio", Double(clippedSteps) / Double(max(1, norms.count)))
    metrics.set("learning_rate", learningRate)
    metrics.set(MetricName.entropy, entropy / Double(max(1, weighedTokens)))
    metrics.set(sums)
    metrics.set("sampling/logp_difference/max", logProbabilityDifference)
    intervals.describe(in: &metrics)
  }
}
