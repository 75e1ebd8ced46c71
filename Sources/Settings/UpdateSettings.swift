import FulcrumKernel
import Training

/// Holds how a step's batch becomes optimiser steps: the section `update`.
package struct UpdateSettings: SettingsSection {
  package static let key = "update"
  package static let schema: [Parameter] =
    [
      .integer(
        "minibatch-prompts", default: 0, in: 0...1_000_000,
        help: "prompts (not completions) for each optimiser step; 0: all of the step's"),
      .integer(
        "iterations", default: 1, in: 1...10_000,
        help: "μ: the number of passes over each batch (TRL: num_iterations, verl: ppo_epochs)"),
      .choice(
        "aggregation", default: Aggregation.Kind.tokenMean,
        help: "how a mini-batch's token terms become one objective (verl: loss_agg_mode)"),
      .integer(
        "aggregation-length", default: 0, in: 0...1_000_000,
        help: "L of seq-mean-token-sum-norm, in tokens; 0: rollout.max-new-tokens"),
      .flag(
        "mask-truncated", default: false,
        help: "leave completions cut at max-new-tokens out of updates and their denominators;"
          + " their rewards still count in their groups"),
      .integer(
        "max-skipped", default: 3, in: 0...1_000_000,
        help: "steps in a row that may skip optimiser steps for gradients that are not finite,"
          + " before the run stops"),
      .choice(
        "old-log-probabilities", default: OldLogProbabilities.auto,
        help:
          "take the sampler's own (rollout), or score the batch once more before the update; auto:"
          + " recompute where another program than the policy samples (vLLM), else rollout"),
      .number(
        "max-logp-difference", default: 0.01, in: 0...1000,
        help: "the step fails if a token's log π in training differs by more nats from log π as"
          + " sampled; 0: not by a bit. Not where another program samples"),
      .number(
        "max-mean-logp-difference", default: 0.2, in: 0...1000,
        help: "where another program than the policy samples (vLLM): the step fails if log π of the"
          + " tokens differ by more nats on average"),
    ] + LearningRateSettings.schema(default: 1e-6)

  /// Lists the sources of log π_old.
  private enum OldLogProbabilities: String, CaseIterable {
    case auto, rollout, recompute
  }

  /// The most steps in a row that may skip optimiser steps.
  package let maximumSkipped: Int
  package let learningRate: LearningRateSettings
  private let minibatchPrompts: Int
  /// μ: the number of passes over each batch.
  package let iterations: Int
  private let aggregation: Aggregation.Kind
  private let aggregationLength: Int
  private let masksTruncated: Bool
  private let oldLogProbabilities: OldLogProbabilities
  private let maximumDifference: Double
  private let maximumMeanDifference: Double
  private let values: Parameters

  package init(_ values: Parameters) throws(FulcrumError) {
    self.values = values
    minibatchPrompts = try values.integer("minibatch-prompts")
    iterations = try values.integer("iterations")
    aggregation = try values.choice("aggregation")
    aggregationLength = try values.integer("aggregation-length")
    masksTruncated = try values.flag("mask-truncated")
    maximumSkipped = try values.integer("max-skipped")
    oldLogProbabilities = try values.choice("old-log-probabilities")
    maximumDifference = try values.number("max-logp-difference")
    maximumMeanDifference = try values.number("max-mean-logp-difference")
    learningRate = try LearningRateSettings(values)
  }

  /// Returns the settings in the form that a training step takes.
  ///
  /// - Parameter samplesApart: whether another program than the policy samples.
  /// - Throws: `.parameter` for values that don't fit the rollout's, or each other.
  package func options(
    rollout: RolloutSettings, logging: LoggingSettings, samplesApart: Bool = false
  ) throws(FulcrumError) -> UpdateOptions {
    guard minibatchPrompts == 0 || rollout.prompts % minibatchPrompts == 0 else {
      throw values.refuse(
        "minibatch-prompts",
        "expected a divisor of rollout.prompts = \(rollout.prompts), got \(minibatchPrompts)",
        hint: "mini-batches of different sizes would weigh their tokens differently")
    }
    guard aggregationLength == 0 || aggregation == .sequenceMeanTokenSumNorm else {
      throw values.refuse(
        "aggregation-length", "expected 0, because aggregation is \(aggregation.rawValue)",
        hint: "only \(Aggregation.Kind.sequenceMeanTokenSumNorm.rawValue) divides by a length")
    }
    var options = UpdateOptions(
      minibatchPrompts: minibatchPrompts == 0 ? rollout.prompts : minibatchPrompts)
    options.temperature = Float(rollout.temperature)
    options.iterations = iterations
    options.aggregation = Aggregation(
      aggregation, length: aggregationLength > 0 ? aggregationLength : rollout.maximumTokens)
    options.masksTruncated = masksTruncated
    // Another policy sampled a replayed batch, from the second step on at the latest.
    let isReplay = rollout.replay != nil
    options.recomputesOldLogProbabilities =
      switch oldLogProbabilities {
      case .auto: samplesApart
      case .rollout: false
      case .recompute: true
      }
    options.probedShare = isReplay ? 0 : logging.probedShare
    options.differenceLimit = isReplay || samplesApart ? nil : maximumDifference
    options.meanDifferenceLimit = samplesApart && !isReplay ? maximumMeanDifference : nil
    return options
  }
}
