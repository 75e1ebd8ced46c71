import FulcrumKernel
import JSON
import Runs

/// Holds what comparisons take from a run: a line of `runs.jsonl`, small enough to be kept beside a text.
///
/// Numbers have six significant digits, in memory too, so that lines and the folders that they were made
/// of give the same tables.
package struct RunSummary: Codable, Sendable, Equatable {
  /// A number's means over the first and the last fifteenth of the steps, at least three of them; of fewer
  /// than six steps the first's and the last's.
  package struct Ends: Codable, Sendable, Equatable {
    package let first: Double
    package let last: Double
  }

  /// A share of held-out items, with its interval over items.
  package struct Measure: Codable, Sendable, Equatable {
    package let name: String
    package let mean: Double
    package let low: Double
    package let high: Double
    /// The number of completions that it counts, or else of items.
    package let count: Int
  }

  /// What an evaluation says of a category.
  package struct Row: Codable, Sendable, Equatable {
    package let category: String
    /// Whether its items are of a kind that training doesn't have; absent: no.
    package let transfer: Bool?
    package let measures: [Measure]

    package var isTransfer: Bool { transfer ?? false }
  }

  /// The arm's name.
  package var arm: String
  /// The name of the run's folder.
  package let run: String
  package let seed: Int?
  /// A short name for what an arm can change of a method.
  package let method: String
  /// The learning rate, and what else differs from the arm that the others are compared with; a key
  /// without a value is one that this arm doesn't have.
  package let settings: SettingTexts
  package let steps: Int
  package let optimizerSteps: Int
  /// The number of tokens of completions.
  package let tokens: Int
  /// The seconds of all steps, without evaluations.
  package let seconds: Double
  package let before: [Row]
  /// Held-out items after the last step, or after the last one that was evaluated.
  package let after: [Row]
  /// The step of that evaluation; absent: there is none.
  package let afterStep: Int?
  package let reward: Ends?
  package let entropy: Ends?
  package let length: Ends?
  /// The shares of the lever of the four quarters of probability, means over all steps; empty: unknown.
  package let lever: [Double]
  /// The shares of tokens of these quarters.
  package let tokenShare: [Double]
  /// The gradient's norm, the mean over all steps.
  package let gradientNorm: Double?

  /// The keys, in a line's order.
  private enum CodingKeys: String, CodingKey {
    case arm, run, seed, method, settings, steps
    case optimizerSteps = "optimizer_steps"
    case tokens, seconds, reward, entropy, length
    case gradientNorm = "grad_norm"
    case lever
    case tokenShare = "token_share"
    case afterStep = "after_step"
    case before, after
  }

  /// Writes the keys in their order; what is absent has none.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(arm, forKey: .arm)
    try container.encode(run, forKey: .run)
    try container.encodeIfPresent(seed, forKey: .seed)
    try container.encode(method, forKey: .method)
    try container.encode(settings, forKey: .settings)
    try container.encode(steps, forKey: .steps)
    try container.encode(optimizerSteps, forKey: .optimizerSteps)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(seconds, forKey: .seconds)
    try container.encodeIfPresent(reward, forKey: .reward)
    try container.encodeIfPresent(entropy, forKey: .entropy)
    try container.encodeIfPresent(length, forKey: .length)
    try container.encodeIfPresent(gradientNorm, forKey: .gradientNorm)
    try container.encode(lever, forKey: .lever)
    try container.encode(tokenShare, forKey: .tokenShare)
    try container.encodeIfPresent(afterStep, forKey: .afterStep)
    try container.encode(before, forKey: .before)
    try container.encode(after, forKey: .after)
  }

  init(
    arm: String, run: String, seed: Int?, method: String, settings: SettingTexts, steps: Int,
    optimizerSteps: Int, tokens: Int, seconds: Double, before: [Row], after: [Row],
    afterStep: Int?, reward: Ends?, entropy: Ends?, length: Ends?, lever: [Double],
    tokenShare: [Double], gradientNorm: Double?
  ) {
    self.arm = arm
    self.run = run
    self.seed = seed
    self.method = method
    self.settings = settings
    self.steps = steps
    self.optimizerSteps = optimizerSteps
    self.tokens = tokens
    self.seconds = seconds
    self.before = before
    self.after = after
    self.afterStep = afterStep
    self.reward = reward
    self.entropy = entropy
    self.length = length
    self.lever = lever
    self.tokenShare = tokenShare
    self.gradientNorm = gradientNorm
  }
}

/// Holds values of key paths as texts.
package struct SettingTexts: Codable, Sendable, Equatable {
  /// The values; `nil`: there is no such key.
  package let values: [String: String?]

  init(_ values: [String: String?]) { self.values = values }

  /// The values by their paths, an absent one as a dash.
  var texts: [String: String] { values.mapValues { $0 ?? "–" } }

  private struct Path: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ path: String) { stringValue = path }
    init(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Path.self)
    var values: [String: String?] = [:]
    for key in container.allKeys {
      values.updateValue(
        try container.decodeIfPresent(String.self, forKey: key), forKey: key.stringValue)
    }
    self.values = values
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Path.self)
    for (path, value) in values.sorted(by: { $0.key < $1.key }) {
      if let value {
        try container.encode(value, forKey: Path(path))
      } else {
        try container.encodeNil(forKey: Path(path))
      }
    }
  }
}
