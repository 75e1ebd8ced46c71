import FulcrumKernel

/// Measures how much a token's advantage and log-probability depart from the mini-batch's means
/// together.
///
/// cov_t = (A_t − mean A)(log π_t − mean log π). Tokens of high covariance, likely ones with a high
/// advantage, are those that take entropy from the policy.
///
/// - Unit: that of the advantage times nats.
/// - Numerics: means in `Double`, over the tokens of sequences whose share is not 0.
/// - Source: arXiv 2505.22617, section 4.
package struct TokenCovariance: Sendable {
  /// The number of tokens that count.
  package let tokens: Int
  private let meanAdvantage: Double
  private let meanLogProbability: Double

  /// - Parameter minibatch: a whole mini-batch, for a part has other means.
  /// - Complexity: O(tokens), no allocation.
  package init(of minibatch: borrowing ObjectiveInput) {
    var count = 0
    var advantage = 0.0
    var logProbability = 0.0
    for sequence in 0..<minibatch.sequenceCount where minibatch.share(ofSequence: sequence) != 0 {
      for token in minibatch.tokens(ofSequence: sequence) {
        advantage += Double(minibatch.advantages[token])
        logProbability += Double(minibatch.logProbabilities[token])
        count += 1
      }
    }
    tokens = count
    meanAdvantage = advantage / Double(max(1, count))
    meanLogProbability = logProbability / Double(max(1, count))
  }

  /// Returns the covariance of a token.
  package func value(advantage: Float, logProbability: Float) -> Double {
    (Double(advantage) - meanAdvantage) * (Double(logProbability) - meanLogProbability)
  }

  /// Returns the number of tokens that a share of them is: rounded down, but at least one.
  package func quota(_ share: Double) -> Int { max(1, Int(share * Double(tokens))) }

  /// Returns the parameter of that share, for the manual.
  package static func shareParameter(help: String) -> Parameter {
    .number("share", default: 2e-4, in: 0...1, help: help)
  }

  /// Reads `share`.
  ///
  /// - Throws: `.parameter` for 0, of which at least one token would still be chosen.
  package static func share(_ parameters: Parameters) throws(FulcrumError) -> Double {
    let share = try parameters.number("share")
    guard share > 0 else {
      throw parameters.refuse(
        "share", "expected a number above 0, got \(share)",
        hint: "at least one token of a mini-batch is chosen; for none leave this objective out")
    }
    return share
  }
}
