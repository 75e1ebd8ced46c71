/// Tells how a completion fared. Outcomes are counted apart, so that a parse failure never hides as a wrong answer.
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
  /// The reward function wouldn't judge this sample, and said why.
  public static let refused = RewardOutcome(rawValue: "refused")
  /// No verdict came in time.
  public static let timeOut = RewardOutcome(rawValue: "time-out")

  /// The outcomes that are always counted, in the order of reports.
  public static let standard: [RewardOutcome] = [
    .correct, .wrong, .unparseable, .badFormat, .error,
  ]

  /// The outcomes of a completion that has no score, in the order of reports.
  public static let withoutScore: [RewardOutcome] = [.refused, .error, .timeOut]
}

/// A reward with its reasons, or why there is none.
public struct RewardScore: Sendable {
  /// Finite, or `nil`: there is no score, and the run decides what becomes of the completion.
  public let value: Double?
  public let outcome: RewardOutcome
  /// Named parts that explain the reward, in order: `format`, `answer`.
  public let parts: [(name: String, value: Double)]
  /// Why there is no score, in a few words; `nil` if there is one.
  public let reason: String?

  /// A score.
  ///
  /// - Parameters:
  ///   - reward: finite; the host takes another for a fault of the component.
  ///   - outcome: how the completion fared.
  ///   - parts: what the reward is made of, for logs; they need not add up.
  public static func scored(
    _ reward: Double, _ outcome: RewardOutcome, parts: [(name: String, value: Double)] = []
  ) -> RewardScore {
    RewardScore(value: reward, outcome: outcome, parts: parts, reason: nil)
  }

  /// No score.
  ///
  /// - Parameters:
  ///   - outcome: one of `RewardOutcome.withoutScore`.
  ///   - reason: a few words, the same for like causes, for they are counted.
  public static func missing(_ outcome: RewardOutcome, reason: String) -> RewardScore {
    RewardScore(value: nil, outcome: outcome, parts: [], reason: reason)
  }

  private init(
    value: Double?, outcome: RewardOutcome, parts: [(name: String, value: Double)], reason: String?
  ) {
    self.value = value
    self.outcome = outcome
    self.parts = parts
    self.reason = reason
  }
}
