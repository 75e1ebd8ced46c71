/// A number, or K numbers, that a policy can tell of each token that it scores.
///
/// π is the distribution over the vocabulary at the token's place, at the temperature of the request.
/// A new statistic is a case here, its producer in the policies, a line of the manual and a test.
public enum TokenStatistic: Hashable, Sendable {
  /// log π of the token, in nats. Always computed.
  case logProbability
  /// Entropy of π, in nats. Always computed.
  case entropy
  /// ‖e_token − π‖₂, between 0 and √2 (arXiv 2505.12929, equation 3). Always computed.
  case lever
  /// The largest probability in π.
  case topProbability
  /// log π of the most likely token minus that of the second, in nats: 0 where the two are alike.
  case margin
  /// The number of tokens that are more likely than this one, of equally likely ones those of lower numbers: 0
  /// for the most likely token.
  case rank
  /// Sum of π(v) over the tokens with π(v) ≥ threshold · max π, as min-p sampling keeps them. The
  /// threshold is in 0...1: 0 gives 1, and 1 the mass of the most likely tokens alone.
  case massAbove(Float)
  /// The numbers of the K most likely tokens, by descending probability, of equal ones the lower number
  /// first. K is from 1 to the vocabulary's size. Exact: token numbers stay below 2^24.
  case topTokens(Int)
  /// log π of those K tokens, in nats.
  case topLogProbabilities(Int)

  /// The statistics that a policy computes of every token, asked or not.
  public static let always: Set<TokenStatistic> = [.logProbability, .entropy, .lever]

  /// One of each kind, for manuals and checks.
  public static let examples: [TokenStatistic] = [
    .logProbability, .entropy, .lever, .topProbability, .margin, .rank, .massAbove(0.1),
    .topTokens(8),
    .topLogProbabilities(8),
  ]

  /// The number of values that it has for a token.
  public var width: Int {
    switch self {
    case .topTokens(let count), .topLogProbabilities(let count): max(0, count)
    default: 1
    }
  }

  /// Whether its argument is within its bounds.
  public var isValid: Bool {
    switch self {
    case .massAbove(let threshold): (0...1).contains(threshold)
    case .topTokens(let count), .topLogProbabilities(let count): (1..<1 << 24).contains(count)
    default: true
    }
  }

  /// Lower case, words joined by hyphens, an argument in brackets: `mass-above(0.02)`.
  public var name: String {
    switch self {
    case .logProbability: "log-probability"
    case .entropy: "entropy"
    case .lever: "lever"
    case .topProbability: "top-probability"
    case .margin: "margin"
    case .rank: "rank"
    case .massAbove(let threshold): "mass-above(\(threshold))"
    case .topTokens(let count): "top-tokens(\(count))"
    case .topLogProbabilities(let count): "top-log-probabilities(\(count))"
    }
  }

  /// The statistic of a name as `name` writes it; `nil` for any other text.
  public init?(name: String) {
    let parts = name.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
    let argument = parts.count == 2 && parts[1].last == ")" ? parts[1].dropLast() : nil
    let found: TokenStatistic? =
      switch parts[0] {
      case "log-probability": .logProbability
      case "entropy": .entropy
      case "lever": .lever
      case "top-probability": .topProbability
      case "margin": .margin
      case "rank": .rank
      case "mass-above": argument.flatMap { Float($0) }.map { .massAbove($0) }
      case "top-tokens": argument.flatMap { Int($0) }.map { .topTokens($0) }
      case "top-log-probabilities":
        argument.flatMap { Int($0) }.map { .topLogProbabilities($0) }
      default: nil
      }
    guard let found, found.isValid, found.name == name else { return nil }
    self = found
  }
}
