import FulcrumKernel
import Training

/// Holds how a step's completions are sampled and judged: the section `rollout`.
package struct RolloutSettings: SettingsSection {
  package static let key = "rollout"
  package static let schema: [Parameter] =
    beginning + SamplingKeys.schema(stopHelp: "none") + ending
  private static let beginning: [Parameter] = [
    .integer("prompts", default: 16, in: 1...1_000_000, help: "prompts a step"),
    .integer(
      "samples", default: 8, in: 1...100_000, help: "completions for each prompt (the group)"),
    .number(
      "temperature", default: 1, in: 0.01...100, help: "divides the logits, here and in updates"),
    .integer(
      "max-new-tokens", default: 256, in: 1...1_000_000, help: "longest completion, in tokens"),
  ]
  private static let ending: [Parameter] = [
    .flag(
      "dynamic-sampling", default: false,
      help: "drop prompts whose completions all have one reward, and draw others (DAPO)"),
    .integer(
      "max-refills", default: 10, in: 0...100_000,
      help: "with dynamic sampling: how often a step may draw again before the run stops"),
    .choice(
      "on-failure", default: MissingScoreRule.stop,
      help:
        "what becomes of a completion that a reward function could not score (error, refused,"
        + " time-out): stop the run, or leave it, or its whole group, out of the step"),
    .integer(
      "ahead", default: 0, in: 0...1,
      help:
        "1: the next step's completions are sampled while this one trains, one step off the policy;"
        + " for a policy whose sampler is a program of its own"),
    .text(
      "replay", default: "",
      help: "a folder of recorded rollouts to train on, rather than to sample"),
  ]

  /// The number of prompts in a step.
  package let prompts: Int
  /// The number of completions of each prompt.
  package let samples: Int
  package let temperature: Double
  /// The longest completion, in tokens.
  package let maximumTokens: Int
  /// Limits draws and ends completions.
  package let sampling: SamplingOptions
  /// The most draws of a step for groups that teach nothing; `nil`: such groups stay.
  package let maximumRefills: Int?
  package let onFailure: MissingScoreRule
  /// Whether a step's completions are sampled while the step before trains.
  package let isAhead: Bool
  /// A folder of recorded rollouts to train on; `nil`: the policy samples.
  package let replay: String?

  package init(_ values: Parameters) throws(FulcrumError) {
    prompts = try values.integer("prompts")
    samples = try values.integer("samples")
    temperature = try values.number("temperature")
    maximumTokens = try values.integer("max-new-tokens")
    sampling = try SamplingKeys.options(values)
    try SamplingKeys.checkLength(
      sampling, atMost: maximumTokens, "rollout.max-new-tokens", values)
    let refills = try values.integer("max-refills")
    maximumRefills = try values.flag("dynamic-sampling") ? refills : nil
    onFailure = try values.choice("on-failure")
    replay = try values.optionalText("replay")
    // Nothing is sampled in a replay, so that a run that sampled ahead can be replayed as it is.
    isAhead = try values.integer("ahead") > 0 && replay == nil
    guard !isAhead || maximumRefills == nil else {
      throw values.refuse(
        "ahead", "expected 0 with dynamic sampling, got 1",
        hint: "how many prompts a step takes is known only when its own completions are there")
    }
  }
}
