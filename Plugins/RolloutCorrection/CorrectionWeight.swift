import FulcrumKernel

/// Makes an importance weight of a ratio ρ = π_old/π_rollout, by two bounds.
///
/// A ratio on a bound is inside.
///
/// - Source: truncated: Ionides, J. Comput. Graph. Stat. 17 (2008); for samplers of language models
///   "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training"
///   (fengyao.notion.site/off-policy-rl). Masked: IcePop's M(ρ; α, β), arXiv 2510.18855, section
///   2.3.2; TRL's `*_mask`. Rejected: verl's `rollout_rs` of kind k1.
struct CorrectionWeight {
  enum Mode: String, CaseIterable {
    /// The bound, for a ratio outside.
    case truncate
    /// 0 for a ratio outside, the ratio itself inside.
    case mask
    /// 0 for a ratio outside, 1 inside.
    case reject
  }

  /// The limit of |log ρ|, at which verl stops too: e^20 is 4.9e8.
  private static let largestLogRatio = 20.0

  let mode: Mode
  let lower: Double
  let upper: Double

  /// Returns e^x of a log ratio with x held in −20…20. ρ of 0 is exactly 1.
  func ratio(ofLog logRatio: Double) -> Double {
    exp(min(max(logRatio, -Self.largestLogRatio), Self.largestLogRatio))
  }

  /// Returns the weight of a ratio.
  func weight(of ratio: Double) -> Double {
    let isInside = isInside(ratio)
    return switch mode {
    case .truncate: min(max(ratio, lower), upper)
    case .mask: isInside ? ratio : 0
    case .reject: isInside ? 1 : 0
    }
  }

  func isInside(_ ratio: Double) -> Bool { ratio >= lower && ratio <= upper }
}
