/// One completion to be judged.
public struct RewardSample: Sendable {
  /// The prompt's text; empty: `completion` is the whole text.
  public let prompt: String
  public let completion: String
  /// What the task says is right, in the task's own format.
  public let answer: String
  /// Whether the completion ended by itself, not at the length limit.
  public let isFinished: Bool
  /// The completion's length in the policy's tokens, end token included; `nil`: not known.
  public let tokenCount: Int?
  /// The length at which completions are cut, in tokens; `nil`: not known.
  public let tokenLimit: Int?

  public init(prompt: String, completion: String, answer: String, isFinished: Bool = true) {
    self.init(
      prompt: prompt, completion: completion, answer: answer, isFinished: isFinished,
      tokenCount: nil, tokenLimit: nil)
  }

  public init(
    prompt: String, completion: String, answer: String, isFinished: Bool, tokenCount: Int?,
    tokenLimit: Int?
  ) {
    self.prompt = prompt
    self.completion = completion
    self.answer = answer
    self.isFinished = isFinished
    self.tokenCount = tokenCount
    self.tokenLimit = tokenLimit
  }
}

/// How a completion fared: counted apart, so that a parse failure never hides as a wrong answer.
public struct RewardOutcome: RawRepresentable, Hashable, Sendable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  public static let correct = RewardOutcome(rawValue: "correct")
  public static let wrong = RewardOutcome(rawValue: "wrong")
  /// The format is right but no answer could be read from it.
  public static let unparseable = RewardOutcome(rawValue: "unparseable")
  public static let badFormat = RewardOutcome(rawValue: "bad-format")
  /// The reward function itself failed on this sample.
  public static let error = RewardOutcome(rawValue: "error")

  /// The outcomes that are always counted, in the order of reports.
  public static let standard: [RewardOutcome] = [
    .correct, .wrong, .unparseable, .badFormat, .error,
  ]
}

/// A reward with its reasons.
public struct RewardScore: Sendable {
  /// Finite; or NaN with the outcome `error`, `refused` or `time-out`: there is no score, and the run
  /// decides what becomes of the completion. The name of a part of NaN is then the reason.
  public let reward: Double
  public let outcome: RewardOutcome
  /// Named parts that explain the reward, in order: `format`, `answer`.
  public let parts: [(name: String, value: Double)]

  public init(
    reward: Double, outcome: RewardOutcome, parts: [(name: String, value: Double)] = []
  ) {
    self.reward = reward
    self.outcome = outcome
    self.parts = parts
  }
}

/// Judges completions by rule.
///
/// Called from several threads at once, hence `Sendable`; arbitrary text must not make it crash.
public protocol RewardFn: Component, Sendable {
  /// - Throws: if the answer (not the completion) can't be used; a bad completion is an outcome.
  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore

  /// Judges many at once; override it where a batch is cheaper than its samples.
  ///
  /// - Postcondition: one score for each sample, in order.
  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore]
}

extension RewardFn {
  public func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    var scores: [RewardScore] = []
    scores.reserveCapacity(samples.count)
    for sample in samples { scores.append(try score(sample)) }
    return scores
  }
}
