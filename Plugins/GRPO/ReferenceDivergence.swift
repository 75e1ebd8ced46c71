/// One token's estimate k3 of KL(π ‖ π_ref): with x = log π_ref − log π, k = e^x − x − 1.
///
/// - Unit: nats.
/// - Source: Schulman, "Approximating KL divergence", 2020; arXiv 2505.12929, equation (1).
struct ReferenceDivergence {
  /// Whether x is held in −5...5 and then k in −10...10, as in the paper's code.
  ///
  /// k reaches 10 at x = 2.61, so it is this second clamp that acts first when x grows. The
  /// derivative is zero outside either clamp and not on its edge, as torch.clamp has it.
  let isClamped: Bool

  /// - Parameter logRatio: x.
  /// - Returns: k, and −∂k/∂log π = e^x − 1, the KL part of equation (2) before its factor β.
  func estimate(logRatio: Double) -> (value: Double, pull: Double) {
    guard isClamped else {
      let ratio = boundedExponential(logRatio)
      return (ratio - logRatio - 1, ratio - 1)
    }
    let clamped = min(max(logRatio, -5), 5)
    let ratio = boundedExponential(clamped)
    let value = ratio - clamped - 1
    // k3 is never negative, so of its own clamp only the upper end can act.
    if value > 10 { return (10, 0) }
    // Written so that a NaN stays one in the derivative too.
    return (value, abs(logRatio) > 5 ? 0 : ratio - 1)
  }
}
