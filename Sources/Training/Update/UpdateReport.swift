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
  /// The number of tokens that take part, by phase; those of masked sequences don't.
  package private(set) var phaseTokens: [(phase: String, tokens: Int)] = []
  /// The largest and the mean |log π now − log π as sampled| before any parameter moved; `nil`: none was
  /// compared.
  var logProbabilityDifference: (maximum: Double, mean: Double)?
  /// The weights and levers of the first completions' tokens.
  package var watch: TokenWatch
  /// The reasons for which optimiser steps were left out.
  package var skipped: [FulcrumError] = []
  /// The number of optimiser steps that a token takes part in, on average.
  package private(set) var passes = 1.0
  /// The number of mini-batches with a token that counts.
  private let minibatches: Int
  /// Of these the parts that were left out, over all passes.
  private var missedMinibatches = 0.0
  private var entropy = 0.0
  private var weighedTokens = 0

  /// - Parameters:
  ///   - sequences: the sequences of the batch.
  ///   - minibatches: the mini-batches of the batch.
  package init(on sequences: SequenceBatch, plan: UpdatePlan, minibatches: [Minibatch]) {
    watch = TokenWatch(of: sequences)
    self.minibatches = minibatches.count { $0.tokenCount > 0 }
    let tokens = minibatches.reduce(0) { $0 + $1.tokenCount }
    for phase in plan.phases {
      let tokens = minibatches.reduce(0) { $0 + $1.tokens(of: phase, in: sequences) }
      phaseTokens.append((phase.name, tokens))
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

  /// Counts an optimiser step that was left out.
  ///
  /// - Parameter share: the share of its mini-batch's tokens that would have taken part in it.
  mutating func skip(_ reason: FulcrumError, share: Double) {
    skipped.append(reason)
    missedMinibatches += share
  }

  /// Sets the update's metrics. A mean over nothing is not set.
  package func describe(in metrics: inout Metrics, learningRate: Double) {
    let norms = gradientNorms.map(\.norm)
    if weighedTokens > 0 {
      let counted = Double(minibatches) * max(1, passes) - missedMinibatches
      metrics.set(MetricName.loss, loss / counted)
    }
    if !norms.isEmpty { metrics.set(MetricName.gradientNorm, Statistics.mean(norms)) }
    for (phase, tokens) in phaseTokens where phaseTokens.count > 1 {
      let own = gradientNorms.filter { $0.phase == phase }.map(\.norm)
      metrics.set("phases/\(phase)/tokens", Double(tokens))
      if !own.isEmpty { metrics.set("phases/\(phase)/grad_norm", Statistics.mean(own)) }
    }
    metrics.set("optimizer_steps", Double(norms.count))
    metrics.set("optimizer_steps_skipped", Double(skipped.count))
    if !norms.isEmpty {
      metrics.set("gradient_clipped_ratio", Double(clippedSteps) / Double(norms.count))
    }
    metrics.set("learning_rate", learningRate)
    if weighedTokens > 0 { metrics.set(MetricName.entropy, entropy / Double(weighedTokens)) }
    metrics.set(sums)
    if let (maximum, mean) = logProbabilityDifference {
      metrics.set("sampling/logp_difference/max", maximum)
      metrics.set("sampling/logp_difference/mean", mean)
    }
    intervals.describe(in: &metrics)
  }
}
