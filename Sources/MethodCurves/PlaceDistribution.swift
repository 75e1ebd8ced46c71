import Foundation
import FulcrumKernel

/// A policy's distribution at one place of a made-up text, of which every statistic is known.
///
/// The drawn token has a probability; the others share the rest, each `decay` times as likely as the one
/// before it. So a statistic can't contradict another.
package struct PlaceDistribution: Hashable, Sendable {
  package static let vocabulary = 256

  /// π of the drawn token, above 0 and below 1.
  package let probability: Double
  /// In 0..<1: the nearer to 1, the higher the entropy.
  package let decay: Double
  /// The drawn token's number; the others, by falling probability, are those before and after it.
  package let token: Int32

  package init(probability: Double, decay: Double, token: Int32) {
    (self.probability, self.decay, self.token) = (probability, decay, token)
  }

  /// The same with another probability of the drawn token.
  func with(_ probability: Double) -> PlaceDistribution {
    PlaceDistribution(probability: probability, decay: decay, token: token)
  }

  /// The same with log(π / (1 − π)) moved.
  package func moved(byLogit shift: Double) -> PlaceDistribution {
    with(logistic(log(probability / (1 - probability)) + shift))
  }

  /// π of the other tokens, by falling probability.
  private var others: [Double] {
    let powers = (0..<Self.vocabulary - 1).map { pow(decay, Double($0)) }
    let sum = powers.reduce(0, +)
    return powers.map { (1 - probability) * $0 / sum }
  }

  /// Every token with its probability: the most likely first, of equal ones the lower number.
  private var ranked: [(token: Int32, probability: Double)] {
    let numbers = (0..<Int32(Self.vocabulary)).filter { $0 != token }
    return (zip(numbers, others).map { (token: $0, probability: $1) } + [(token, probability)])
      .sorted { ($1.probability, $0.token) < ($0.probability, $1.token) }
  }

  /// Returns a statistic's values: one, or K.
  ///
  /// - Throws: `.unsupported` for a K beyond the vocabulary, or a statistic of a later kernel.
  package func values(of statistic: TokenStatistic) throws(FulcrumError) -> [Double] {
    switch statistic {
    case .logProbability: return [log(probability)]
    case .entropy:
      let all = others + [probability]
      return [-all.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }]
    case .lever:
      let squares = others.reduce(0) { $0 + $1 * $1 }
      return [((1 - probability) * (1 - probability) + squares).squareRoot()]
    case .topProbability: return [ranked[0].probability]
    case .margin: return [log(ranked[0].probability) - log(ranked[1].probability)]
    case .rank: return [Double(ranked.firstIndex { $0.token == token } ?? 0)]
    case .massAbove(let threshold):
      // The mass can't be above 1, whatever its sum is rounded to.
      let least = Double(threshold) * ranked[0].probability
      return [min(1, ranked.reduce(0) { $1.probability >= least ? $0 + $1.probability : $0 })]
    case .topTokens(let count):
      try Self.check(count)
      return ranked.prefix(count).map { Double($0.token) }
    case .topLogProbabilities(let count):
      try Self.check(count)
      return ranked.prefix(count).map { log($0.probability) }
    @unknown default:
      throw FulcrumError(
        .unsupported, "the made-up batch has no statistic '\(statistic.name)'")
    }
  }

  private static func check(_ count: Int) throws(FulcrumError) {
    guard count <= vocabulary else {
      throw FulcrumError(
        .unsupported,
        "it asks for the \(count) likeliest tokens, and the made-up vocabulary has \(vocabulary)",
        hint: "give it a lower number with --set")
    }
  }
}
