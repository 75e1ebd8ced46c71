/// Holds what scoring is asked for.
public struct ScoreRequest: Sendable {
  /// Logits are divided by it before the softmax; above 0.
  public var temperature: Float
  /// The statistics to compute beside log-probabilities, entropies and levers.
  public var statistics: Set<TokenStatistic>

  public init(temperature: Float, statistics: Set<TokenStatistic> = []) {
    self.temperature = temperature
    self.statistics = statistics.subtracting(TokenStatistic.always)
  }
}

/// Which completion tokens of a batch take part in a pass.
public struct TokenMask: Sendable {
  private let participates: [Bool]?

  /// Every token takes part.
  public static let all = TokenMask(nil)

  /// - Parameter participates: one for each completion token of the batch; `nil`: all do.
  public init(_ participates: [Bool]?) { self.participates = participates }

  /// Whether the mask leaves no token out for certain: it is `all`.
  public var isAll: Bool { participates == nil }

  /// Whether a token, by its place in the batch, takes part.
  public func contains(_ token: Int) -> Bool { participates?[token] ?? true }
}
