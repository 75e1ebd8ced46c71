/// One token's min(rA, clip(r, 1 − low, 1 + high) A), with the dual clip for negative advantages.
///
/// - Unit: of the advantage. r = π/π_old is the ratio.
/// - Source: arXiv 2505.12929, equation (1); the dual clip max(·, cA) for A < 0 is
///   arXiv 1912.09729's.
struct ClippedSurrogate {
  /// Which branch of the formula a token takes.
  enum Branch {
    /// The ratio itself: the trust indicator of equation (2) is 1, and the gradient flows.
    case unclipped
    /// A < 0 and r < 1 − low: already pushed down enough.
    case low
    /// A > 0 and r > 1 + high: already pushed up enough.
    case high
    /// A < 0 and r > c.
    case dual
  }

  let low: Double
  let high: Double
  /// c; infinite: there is no dual clip.
  let dual: Double

  /// Where branches tie, the unclipped one is taken.
  func branch(ratio: Double, advantage: Double) -> Branch {
    if advantage > 0 { return ratio > 1 + high ? .high : .unclipped }
    if advantage < 0 {
      if ratio < 1 - low { return .low }
      if ratio > dual { return .dual }
    }
    return .unclipped
  }

  /// The surrogate's value.
  func value(ratio: Double, advantage: Double, branch: Branch) -> Double {
    switch branch {
    case .unclipped: ratio * advantage
    case .low: (1 - low) * advantage
    case .high: (1 + high) * advantage
    case .dual: dual * advantage
    }
  }
}
