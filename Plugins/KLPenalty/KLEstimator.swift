import FulcrumKernel

/// One token's estimate of KL(π ‖ π_ref) from x = log π_ref − log π, with its derivative.
///
/// - Unit: nats.
/// - Numerics: `Double`; e^x is held in e^±80, so that neither it nor a weight made of it overflows.
///   A NaN gives NaN in both.
/// - Source: Schulman, "Approximating KL divergence", 2020, which names k1, k2 and k3.
package struct KLEstimator: Sendable {
  /// Names the function of x that is the estimate.
  package enum Kind: String, Sendable, CaseIterable {
    /// −x. Its mean over π's tokens is the KL, but single tokens are negative, too. As a loss it is
    /// of no use: its derivative is 1 for every token, whose mean gradient is 0.
    case k1
    /// x²/2. Biased, never negative; its derivative's mean over π's tokens is that of the KL.
    case k2
    /// e^x − x − 1. Unbiased, never negative.
    case k3
  }

  package let kind: Kind
  /// Whether x is clamped to −5...5 and then the estimate to −10...10.
  ///
  /// The paper's code has these limits for k3; here they hold for every kind. k3 reaches 10 at x =
  /// 2.61 and k2 at 4.47, so when x grows the second limit acts first. The derivative is zero
  /// beyond either limit and not on it, as that of torch.clamp is.
  package let isClamped: Bool

  package init(_ kind: Kind, isClamped: Bool) {
    self.kind = kind
    self.isClamped = isClamped
  }

  /// - Parameter x: log π_ref − log π.
  /// - Returns: the estimate k, and −∂k/∂log π, which is ∂k/∂x.
  package func estimate(logRatio x: Double) -> (value: Double, pull: Double) {
    guard isClamped else { return unclamped(x) }
    let (value, pull) = unclamped(min(max(x, -5), 5))
    // No kind falls below −5 within the first limit, so of the second only the upper end can act.
    if value > 10 { return (10, 0) }
    return (value, abs(x) > 5 ? 0 : pull)
  }

  private func unclamped(_ x: Double) -> (value: Double, pull: Double) {
    switch kind {
    case .k1: return (-x, x.isNaN ? x : -1)
    case .k2: return (x * x / 2, x)
    case .k3:
      // Computes e^x − 1 in one step, for near x = 0 it keeps digits that a subtraction would lose.
      // The NaN must be the first argument: min and max then return it.
      let pull = expm1(min(max(x, -80), 80))
      return (pull - x, pull)
    }
  }
}
