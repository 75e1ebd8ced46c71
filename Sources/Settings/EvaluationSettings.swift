import FulcrumKernel
import Training

/// Holds how held-out accuracy is measured: the section `evaluation`.
package struct EvaluationSettings: SettingsSection {
  package static let key = "evaluation"
  package static let schema: [Parameter] =
    own + SamplingKeys.schema(stopHelp: "those of rollouts")
    + [
      .integer(
        "seed", default: 0, in: 0...Int.max,
        help: "decides the draws, whatever the run's seed is; 0: the run's seed does")
    ]
  private static let own: [Parameter] = [
    .integer(
      "items", default: 100, in: 0...1_000_000,
      help: "held-out items for each category; 0: none"),
    .integer(
      "transfer-items", default: 0, in: 0...1_000_000,
      help: "held-out items for each category of the tasks under transfer; 0: as items"),
    .integer(
      "every", default: 0, in: 0...10_000_000,
      help: "steps between evaluations; 0: only before and after"),
    .integer(
      "samples", default: 1, in: 1...100_000,
      help:
        "completions for each item; with several, accuracy is pass@1, and pass@k stands beside it"),
    .integer(
      "pass-at", default: 0, in: 0...100_000,
      help: "the k of pass@k, at most samples; 0: samples"),
    .flag(
      "greedy", default: false,
      help: "also take each item's most likely completion, beside the sampled ones"),
    .numbers(
      "temperature", default: [0], in: 0...100,
      help:
        "divides the logits; 0: the most likely token; of a list, the first is the main one, and"
        + " the others stand beside it"),
    .flag(
      "write-samples", default: false,
      help: "also write each item's completions with their rewards: RUN/evaluations/step-N.jsonl"),
    .integer(
      "max-new-tokens", default: 0, in: 0...1_000_000,
      help: "longest completion, in tokens; 0: as in rollouts"),
  ]

  /// Held-out items of each category; 0: no evaluation.
  package let items: Int
  /// Held-out items of each category of the transfer tasks; 0: no evaluation.
  package let transferItems: Int
  /// Steps between evaluations; 0: only before and after.
  package let every: Int
  /// The number of completions of each item.
  package let samples: Int
  /// The k of pass@k, from 1 to `samples`.
  package let passAt: Int
  /// Whether the most likely completion is taken beside the sampled ones.
  package let isGreedyBeside: Bool
  /// Whether a run writes each item's completions.
  package let writesSamples: Bool
  /// Divides the logits; 0: the most likely token.
  package let temperature: Double
  /// Further temperatures, at which as many samples are taken.
  package let otherTemperatures: [Double]
  /// The longest completion, in tokens; `nil`: as in rollouts.
  package let maximumTokens: Int?
  /// Limits draws and ends completions; no stop strings: those of rollouts.
  package let sampling: SamplingOptions
  /// Decides the draws; `nil`: the run's seed does.
  package let seed: UInt64?
  private let values: Parameters

  /// Says in words how completions are taken.
  package var manner: String {
    let number = samples == 1 ? "one sample" : "\(samples) samples"
    let others = otherTemperatures.map { "\($0)" }.joined(separator: ", ")
    let cuts = sampling.cuts.isEmpty ? "" : ", " + sampling.cuts.joined(separator: ", ")
    guard temperature > 0 else {
      return "most likely tokens"
        + (others.isEmpty ? "" : ", and \(number) each at temperature \(others)" + cuts)
    }
    return "\(number) each at temperature \(temperature)"
      + (others.isEmpty ? "" : ", and as many at \(others)") + cuts
      + (isGreedyBeside ? "; greedy: most likely tokens" : "")
  }

  package init(_ values: Parameters) throws(FulcrumError) {
    items = try values.integer("items")
    let transfer = try values.integer("transfer-items")
    // Without items there is no evaluation.
    transferItems = transfer > 0 && items > 0 ? transfer : items
    every = try values.integer("every")
    let temperatures = try values.numbers("temperature")
    guard let first = temperatures.first else {
      throw values.refuse("temperature", "expected at least one temperature, got an empty list")
    }
    guard Set(temperatures).count == temperatures.count else {
      throw values.refuse(
        "temperature",
        "expected temperatures that differ, got \(ParameterValue.numbers(temperatures))",
        hint: "at one temperature an evaluation has the same draws each time")
    }
    temperature = first
    otherTemperatures = Array(temperatures.dropFirst())
    let limit = try values.integer("max-new-tokens")
    maximumTokens = limit > 0 ? limit : nil
    samples = try values.integer("samples")
    let k = try values.integer("pass-at")
    passAt = k > 0 ? k : samples
    writesSamples = try values.flag("write-samples")
    isGreedyBeside = try values.flag("greedy")
    sampling = try SamplingKeys.options(values)
    let seed = try values.integer("seed")
    self.seed = seed > 0 ? UInt64(seed) : nil
    self.values = values
    guard passAt <= samples else {
      throw values.refuse(
        "pass-at", "expected at most evaluation.samples = \(samples), got \(k)",
        hint: "pass@k is estimated from k samples of an item or more")
    }
    guard !temperatures.contains(0) || (samples == 1 && !isGreedyBeside) else {
      let reason = samples > 1 ? "samples = \(samples)" : "greedy = true"
      throw values.refuse(
        "temperature", "expected a temperature above 0 with \(reason), got 0",
        hint: "at 0 every sample is the most likely completion; 1 samples as training does")
    }
  }

  /// Returns the longest completion, in tokens, and the limits of an evaluation beside such rollouts.
  package func limits(beside rollout: RolloutSettings) -> (
    maximumTokens: Int, sampling: SamplingOptions
  ) {
    var sampling = sampling
    if sampling.stopStrings.isEmpty { sampling.stopStrings = rollout.sampling.stopStrings }
    return (maximumTokens ?? rollout.maximumTokens, sampling)
  }

  /// - Throws: `.parameter` for a minimum length above the longest, which may be that of rollouts.
  func check(beside rollout: RolloutSettings) throws(FulcrumError) {
    try SamplingKeys.checkLength(
      sampling, atMost: limits(beside: rollout).maximumTokens,
      (maximumTokens == nil ? RolloutSettings.key : Self.key) + ".max-new-tokens", values)
  }
}
