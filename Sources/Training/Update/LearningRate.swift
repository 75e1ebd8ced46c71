import Foundation

/// Gives the learning rate of each step: a linear rise, then a constant or a decay.
///
/// The step that ends the rise is at the height; without a rise it is the first. With the last there are
/// N such steps. The k-th, from 0, is k/N of the way down, so that no step is all the way down.
package struct LearningRate: Sendable {
  package enum Decay: String, CaseIterable, Sendable {
    case constant, linear, cosine
  }

  private let peak: Double
  private let warmupSteps: Int
  private let decay: Decay
  private let finalShare: Double
  private let steps: Int

  /// - Parameters:
  ///   - peak: the highest rate, after the warm-up.
  ///   - finalShare: the rate that a decay would reach in the step after the last, as a share of the
  ///     highest.
  ///   - steps: the number of steps of the whole run.
  package init(
    peak: Double, warmupSteps: Int, decay: Decay, finalShare: Double, steps: Int
  ) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.decay = decay
    self.finalShare = finalShare
    self.steps = steps
  }

  /// - Parameter step: from 1 to `steps`.
  package func rate(step: Int) -> Double {
    if step <= warmupSteps { return peak * Double(step) / Double(warmupSteps) }
    let height = max(1, warmupSteps)
    let progress = min(1, Double(step - height) / Double(max(1, steps - height + 1)))
    let share =
      switch decay {
      case .constant: 1.0
      case .linear: 1 - progress * (1 - finalShare)
      case .cosine: finalShare + (1 - finalShare) * (1 + cos(.pi * progress)) / 2
      }
    return peak * share
  }
}
