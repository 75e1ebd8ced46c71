import Foundation
import ObjectiveTestSupport

/// The loss −J of a mini-batch as the papers and the paper's code write it, in Double.
///
/// Slopes are never derived here: tests take central differences of `loss` over `current`. What a
/// formula holds constant is taken from `frozen`, which stays where it is.
struct LossOracle {
  var low = 0.2
  var high = 0.24
  /// 0: off.
  var dual = 0.0
  var alpha = 0.0
  /// `token`, `sequence` or `sequence-token`.
  var level = "token"

  /// One token's loss, given its ratio.
  func loss(ratio: Double, advantage: Double) -> Double {
    let clipped = Swift.min(Swift.max(ratio, 1 - low), 1 + high)
    let loss = Swift.max(-advantage * ratio, -advantage * clipped)
    return dual > 0 && advantage < 0 ? Swift.min(loss, -advantage * dual) : loss
  }

  func ratios(_ current: [Double], frozen: [Double], batch: MiniBatch) -> [Double] {
    batch.sequences.flatMap { tokens -> [Double] in
      func meanDrift(_ now: [Double]) -> Double {
        tokens.map { now[$0] - Double(batch.old[$0]) }.reduce(0, +) / Double(tokens.count)
      }
      switch level {
      case "sequence": return tokens.map { _ in exp(meanDrift(current)) }
      case "sequence-token":
        return tokens.map { exp(meanDrift(frozen)) * exp(current[$0]) / exp(frozen[$0]) }
      default: return tokens.map { exp(current[$0]) / exp(Double(batch.old[$0])) }
      }
    }
  }

  func losses(_ current: [Double], frozen: [Double], batch: MiniBatch) -> [Double] {
    let ratios = ratios(current, frozen: frozen, batch: batch)
    return current.indices.map { token in
      let factor = alpha * exp(frozen[token]) + 1 - alpha
      return batch.tokenShares[token]
        * loss(ratio: ratios[token], advantage: factor * Double(batch.advantages[token]))
    }
  }

  /// −∂loss/∂log π of every token, where the batch is.
  func slopes(_ batch: MiniBatch) -> [Double] {
    let here = batch.current.map(Double.init)
    return negativeSlopes(
      of: { losses($0, frozen: here, batch: batch).reduce(0, +) }, at: here)
  }
}
