import FulcrumKernel

/// Computes one token's min(rA, clip(r, 1 − low, 1 + high) A), with the dual clip for negative
/// advantages.
///
/// - Unit: of the advantage. r = π/π_old is the ratio.
/// - Source: arXiv 2505.12929, equation (1); the dual clip max(·, cA) for A < 0 is
///   arXiv 1912.09729's.
package struct ClippedSurrogate: Sendable {
  /// Names the branch of the formula that a token takes.
  package enum Branch: Sendable {
    /// The ratio itself: the trust indicator of equation (2) is 1, and the gradient flows.
    case unclipped
    /// A < 0 and r < 1 − low: already pushed down enough.
    case low
    /// A > 0 and r > 1 + high: already pushed up enough.
    case high
    /// A < 0 and r > c: the dual clip bounds the loss.
    case dual
  }

  package let low: Double
  package let high: Double
  /// The dual clip's c; infinite if there is no dual clip.
  package let dual: Double

  package init(low: Double, high: Double, dual: Double = .infinity) {
    self.low = low
    self.high = high
    self.dual = dual
  }

  /// Reads `clip-low` and `clip-high`, which the manual has from `parameters(clipHigh:)`.
  ///
  /// - Throws: `.pluginFault` if the manual does not declare them.
  package init(_ parameters: Parameters, dual: Double = .infinity) throws(FulcrumError) {
    self.init(
      low: try parameters.number("clip-low"), high: try parameters.number("clip-high"), dual: dual)
  }

  /// Returns the parameters of the two clips, for the manual.
  package static func parameters(clipLow: Double = 0.2, clipHigh: Double) -> [Parameter] {
    [
      .number(
        "clip-low", default: clipLow, in: 0...1,
        help: "a ratio below 1 - clip-low gives no gradient where the advantage is negative"),
      .number(
        "clip-high", default: clipHigh, in: 0...100,
        help: "a ratio above 1 + clip-high gives no gradient where the advantage is positive"),
    ]
  }

  /// Returns the branch of a token. Where branches tie, the unclipped one is taken.
  package func branch(ratio: Double, advantage: Double) -> Branch {
    if advantage > 0 { return ratio > 1 + high ? .high : .unclipped }
    if advantage < 0 {
      if ratio < 1 - low { return .low }
      if ratio > dual { return .dual }
    }
    return .unclipped
  }

  /// Returns the surrogate's value.
  package func value(ratio: Double, advantage: Double, branch: Branch) -> Double {
    switch branch {
    case .unclipped: ratio * advantage
    case .low: (1 - low) * advantage
    case .high: (1 + high) * advantage
    case .dual: dual * advantage
    }
  }
}
