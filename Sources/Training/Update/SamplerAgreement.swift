import FulcrumKernel

/// Compares training's log-probabilities with the sampler's, before any parameter has moved.
///
/// Both come from one policy, so they are equal up to rounding; a difference means that the policy
/// samples and trains with different numbers.
package struct SamplerAgreement: Sendable {
  /// log π as sampled, of all completion tokens of the batch.
  private let sampled: [Float]
  /// The largest difference that is no fault, in nats; `nil`: another policy sampled the batch.
  private let limit: Double?
  /// The largest difference seen; `nil`: nothing was compared.
  private(set) var maximum: Double?

  package init(sampled: [Float], limit: Double?) {
    self.sampled = sampled
    self.limit = limit
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
}
