import Foundation
import FulcrumKernel

/// The learning rate of each step: a linear rise, then a constant or a decay.
package struct LearningRate: Sendable {
  package enum Decay: String, CaseIterable, Sendable {
    case constant, linear, cosine
  }

  private let peak: Double
  private let warmupSteps: Int
  private let decay: Decay
  private let finalShare: Double
  private let steps: Int

  /// The keys of a section that has a learning rate.
  package static func parameters(default peak: Double) -> [Parameter] {
    [
      .number("learning-rate", default: peak, in: 0...10, help: "the highest, after the warm-up"),
      .integer(
        "warmup-steps", default: 0, in: 0...10_000_000, help: "steps of linear rise from zero"),
      .choice(
        "decay", default: "constant", of: Decay.allCases.map(\.rawValue),
        help: "how the rate falls from the warm-up to the last step"),
      .number(
        "final-learning-rate-share", default: 0, in: 0...1,
        help: "what a decay leaves at the last step, as a share of the highest"),
    ]
  }

  package init(_ section: Parameters, steps: Int) throws(FulcrumError) {
    peak = try section.number("learning-rate")
    warmupSteps = try section.integer("warmup-steps")
    decay = Decay(rawValue: try section.text("decay")) ?? .constant
    finalShare = try section.number("final-learning-rate-share")
    self.steps = steps
  }

  /// - Parameter step: from 1 to `steps`.
  package func rate(step: Int) -> Double {
    if step <= warmupSteps { return peak * Double(step) / Double(warmupSteps) }
    let span = max(1, steps - warmupSteps)
    let progress = min(1, Double(step - warmupSteps) / Double(span))
    let share =
      switch decay {
      case .constant: 1.0
      case .linear: 1 - progress * (1 - finalShare)
      case .cosine: finalShare + (1 - finalShare) * (1 + cos(.pi * progress)) / 2
      }
    return peak * share
  }
}
