/// Lists the names of the metrics that are read back, as they are written.
package enum MetricName {
  package static let reward = "reward"
  package static let accuracy = "accuracy"
  package static let groupsWithoutSpread = "frac_reward_zero_std"
  package static let meanLength = "completions/mean_length"
  package static let loss = "loss"
  package static let gradientNorm = "grad_norm"
  package static let entropy = "entropy"
  /// Mean KL divergence to the reference, as the plugins' penalties report it.
  package static let kl = "kl"
  /// Mean KL divergence from the old policy to the current one, as the plugins' objectives report
  /// it.
  package static let approximateKL = "approx_kl"
  package static let stepTime = "step_time"
  package static let tokensPerSecond = "tokens_per_second"
}

extension ProbabilityIntervals {
  /// Lists the metrics of each interval.
  package enum Part: String, CaseIterable, Sendable {
    case tokenShare = "token_share"
    case weightShare = "weight_share"
    case leverShare = "lever_share"
    case entropy
  }

  /// Returns the name of an interval's metric.
  package static func metric(_ part: Part, interval: Int) -> String {
    "probability/\(names[interval])/\(part.rawValue)"
  }
}

extension UpdateDirection {
  /// Lists the metrics of each interval.
  package enum Part: String, CaseIterable, Sendable {
    case positiveRose = "positive_rose"
    case negativeFell = "negative_fell"
    case correct
  }

  /// Returns the name of an interval's metric.
  package static func metric(_ part: Part, interval: Int) -> String {
    "direction/\(ProbabilityIntervals.names[interval])/\(part.rawValue)"
  }
}
