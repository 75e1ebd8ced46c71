/// A per-token column of a batch that a component can declare as a need: a statistic, and the policy
/// whose it is.
public struct Column: Hashable, Sendable {
  public enum Policy: String, Sendable, CaseIterable {
    /// The sampler, which records log-probabilities alone.
    case rollout
    /// The policy before the step's first update.
    case old
    /// The policy that is being updated. Only objectives may ask for it: they find what it says now.
    case current
    /// The frozen policy that the run is held near.
    case reference
  }

  public let policy: Policy
  public let statistic: TokenStatistic

  public init(_ policy: Policy, _ statistic: TokenStatistic) {
    self.policy = policy
    self.statistic = statistic
  }

  /// log π as the sampler recorded it, at the rollout temperature.
  public static let rolloutLogProbabilities = Column(.rollout, .logProbability)
  /// log π of the policy before the step's first update, at the rollout temperature.
  public static let oldLogProbabilities = Column(.old, .logProbability)
  /// log π of the frozen reference policy, at the rollout temperature.
  public static let referenceLogProbabilities = Column(.reference, .logProbability)
  /// Entropy of the old policy's distribution at each token, in nats.
  public static let entropies = Column(.old, .entropy)
  /// ‖∇_z log π‖ = ‖e_token − π‖₂ of the old policy at each token (arXiv 2505.12929, equation 3).
  public static let levers = Column(.old, .lever)
  /// The largest probability of the old policy at each token's place.
  public static let topProbabilities = Column(.old, .topProbability)
  /// The token's rank in the old policy's distribution; 0: the most likely.
  public static let ranks = Column(.old, .rank)

  /// The old policy's mass on tokens of at least `threshold` times the largest probability.
  public static func massAbove(_ threshold: Float) -> Column { Column(.old, .massAbove(threshold)) }

  /// The numbers of the old policy's `count` most likely tokens at each place.
  public static func topTokens(_ count: Int) -> Column { Column(.old, .topTokens(count)) }

  /// log π of the old policy's `count` most likely tokens at each place.
  public static func topLogProbabilities(_ count: Int) -> Column {
    Column(.old, .topLogProbabilities(count))
  }

  /// Whether there is such a column: the sampler has log-probabilities alone, and the statistic's
  /// argument is within its bounds.
  public var isValid: Bool {
    statistic.isValid && (policy != .rollout || statistic == .logProbability)
  }

  /// The name in manifests and messages: `old-log-probabilities`, `entropies`, `rank`,
  /// `current-rank`. A name without a policy is the old policy's.
  public var name: String {
    switch (policy, statistic) {
    case (.rollout, .logProbability), (.old, .logProbability), (.reference, .logProbability):
      policy.rawValue + "-log-probabilities"
    case (.old, .entropy): "entropies"
    case (.old, .lever): "levers"
    case (.old, _): statistic.name
    default: policy.rawValue + "-" + statistic.name
    }
  }

  /// The column of a name as `name` writes it; `nil` for any other text.
  public init?(name: String) {
    for policy in Policy.allCases {
      // The names that are not made of the policy's and the statistic's.
      for statistic in TokenStatistic.always where Column(policy, statistic).name == name {
        self.init(policy, statistic)
        if isValid { return }
      }
    }
    let policy = Policy.allCases.first { name.hasPrefix($0.rawValue + "-") }
    let rest = policy.map { String(name.dropFirst($0.rawValue.count + 1)) } ?? name
    guard let statistic = TokenStatistic(name: rest) else { return nil }
    self.init(policy ?? .old, statistic)
    guard isValid, self.name == name else { return nil }
  }
}
