import FulcrumKernel

/// Compares training's log-probabilities with the sampler's, before any parameter has moved.
///
/// Where both come from one policy, they are equal up to rounding; a difference means that the policy
/// samples and trains with different numbers. A sampler of its own rounds otherwise, token by token:
/// there the mean tells whether it has the policy's weights.
package struct SamplerAgreement: Sendable {
  /// log π as sampled, of all completion tokens of the batch.
  private let sampled: [Float]
  /// The largest difference that is no fault, in nats; `nil`: another policy sampled the batch.
  private let limit: Double?
  /// The largest mean difference that is no fault, in nats; `nil`: any.
  private let meanLimit: Double?
  /// The largest difference seen; `nil`: nothing was compared.
  private(set) var maximum: Double?
  private var sum = 0.0
  private var count = 0

  /// The mean difference; `nil`: nothing was compared.
  var mean: Double? { count > 0 ? sum / Double(count) : nil }

  package init(sampled: [Float], limit: Double?, meanLimit: Double? = nil) {
    self.sampled = sampled
    self.limit = limit
    self.meanLimit = meanLimit
  }

  /// Compares tokens that were scored with the sampler's values.
  ///
  /// - Parameter tokens: their places in the batch.
  /// - Throws: `.pluginFault` for the first that differs by more than the limit.
  mutating func compare(_ now: Span<Float>, tokens: Span<Int>) throws(FulcrumError) {
    for offset in tokens.indices {
      let token = tokens[offset]
      let difference = Double(abs(now[offset] - sampled[token]))
      maximum = max(maximum ?? 0, difference)
      sum += difference
      count += 1
      // Written so that a NaN fails too.
      guard let limit, !(difference <= limit) else { continue }
      throw FulcrumError(
        .pluginFault,
        "expected log π in training within \(limit) of log π as sampled, got"
          + " \(now[offset]) and \(sampled[token]) for token \(token) of the batch", at: "policy",
        hint: "the policy samples and trains with different numbers; update."
          + "max-logp-difference allows more")
    }
  }

  /// Looks at the mean over all that was compared.
  ///
  /// - Throws: `.pluginFault` if it is above its limit.
  func check() throws(FulcrumError) {
    // Written so that a NaN fails too.
    guard let meanLimit, let mean, !(mean <= meanLimit) else { return }
    throw FulcrumError(
      .pluginFault,
      "expected log π in training within \(meanLimit) of log π as sampled on average, got a mean"
        + " difference of \(mean) over \(Counted.text(count, "token"))", at: "policy",
      hint: "the sampler has other weights or another temperature, or rounds more coarsely; update."
        + "max-mean-logp-difference allows more")
  }
}
