import FulcrumKernel
import Training

/// Holds the keys of a section that has a learning rate.
package struct LearningRateSettings: Sendable {
  package let peak: Double
  package let warmupSteps: Int
  package let decay: LearningRate.Decay
  package let finalShare: Double

  static func schema(default peak: Double) -> [Parameter] {
    [
      .number(
        "learning-rate", default: peak, in: 0...10,
        help: "the highest learning rate, after the warm-up"),
      .integer(
        "warmup-steps", default: 0, in: 0...10_000_000, help: "steps of linear rise from zero"),
      .choice(
        "decay", default: LearningRate.Decay.constant,
        help: "how the rate falls after the warm-up; linear: by 1/N in each of N steps"
      ),
      .number(
        "final-learning-rate-share", default: 0, in: 0...1,
        help: "the rate that a decay would reach in the step after the last, as a share of the"
          + " highest"),
    ]
  }

  init(_ values: Parameters) throws(FulcrumError) {
    peak = try values.number("learning-rate")
    warmupSteps = try values.integer("warmup-steps")
    decay = try values.choice("decay")
    finalShare = try values.number("final-learning-rate-share")
  }

  /// Returns the learning rate of each of so many steps.
  package func schedule(steps: Int) -> LearningRate {
    LearningRate(
      peak: peak, warmupSteps: warmupSteps, decay: decay, finalShare: finalShare, steps: steps)
  }
}
