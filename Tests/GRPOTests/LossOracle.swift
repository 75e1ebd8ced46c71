import Foundation

/// The loss as the paper's code writes it, in Double, for one token and without the token mean.
///
/// Slopes are never derived here: tests take central differences of `loss`.
struct LossOracle {
  var low = 0.2
  var high = 0.24
  /// 0: off.
  var dual = 0.0
  var beta = 0.0
  var clampsDivergence = true

  func loss(_ current: Double, old: Double, reference: Double, advantage: Double) -> Double {
    let ratio = exp(current - old)
    let clipped = Swift.min(Swift.max(ratio, 1 - low), 1 + high)
    var loss = Swift.max(-advantage * ratio, -advantage * clipped)
    if dual > 0, advantage < 0 { loss = Swift.min(loss, -advantage * dual) }
    return loss + beta * divergence(current, reference: reference)
  }

  func divergence(_ current: Double, reference: Double) -> Double {
    var x = reference - current
    if clampsDivergence { x = Swift.min(5, Swift.max(-5, x)) }
    let k = exp(x) - x - 1
    return clampsDivergence ? Swift.min(10, Swift.max(-10, k)) : k
  }

  /// −∂loss/∂log π by central differences.
  ///
  /// With a step of 1e-6 the truncation is about 1e-12 of the third derivative and the rounding
  /// about 1e-10 of the loss.
  func slope(_ current: Double, old: Double, reference: Double, advantage: Double) -> Double {
    let step = 1e-6
    let above = loss(current + step, old: old, reference: reference, advantage: advantage)
    let below = loss(current - step, old: old, reference: reference, advantage: advantage)
    return -(above - below) / (2 * step)
  }
}
