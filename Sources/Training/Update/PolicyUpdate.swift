import FulcrumKernel
import Stages

/// Runs the update of one training step: for each phase and mini-batch, weights, gradient,
/// optimiser step.
package struct PolicyUpdate {
  package let policy: any PolicyModel
  package let objectives: ObjectiveSum
  package let temperature: Float
  package let learningRate: Double

  package init(
    policy: any PolicyModel, objectives: ObjectiveSum, temperature: Float, learningRate: Double
  ) {
    self.policy = policy
    self.objectives = objectives
    self.temperature = temperature
    self.learningRate = learningRate
  }

  /// Runs every phase through every mini-batch, in the plan's order.
  ///
  /// A mini-batch without a token that takes part is left out: an optimiser step without a gradient
  /// would still move the parameters, by momentum. One whose scores or gradient are not finite is
  /// left out too, and counted. The parameters stay as they were before it, and its tokens are in no
  /// metric.
  ///
  /// - Parameters:
  ///   - advantages: one for each completion token of the batch.
  ///   - agreement: compares scores until the first optimiser step was taken or left out.
  ///   - hasMoved: set once an optimiser step was taken, also if a later one throws.
  package func run(
    _ batch: RolloutBatch, advantages: [Float], plan: UpdatePlan, minibatches: [Minibatch],
    agreement: SamplerAgreement, hasMoved: inout Bool
  ) throws(FulcrumError) -> UpdateReport {
    var report = UpdateReport(on: batch.sequences, plan: plan, minibatches: minibatches)
    var agreement: SamplerAgreement? = agreement
    for (number, place) in plan.steps(minibatches: minibatches.count).enumerated() {
      var step = MinibatchUpdate(
        policy: policy, objectives: objectives, batch: batch, advantages: advantages,
        temperature: temperature, phase: plan.phases[place.phase],
        minibatch: minibatches[place.minibatch], number: UInt32(number))
      let tokens = step.tokenCount
      guard tokens > 0 else { continue }
      var next = report
      do throws(FulcrumError) {
        try Stage.within("policy, update") { () throws(FulcrumError) in
          try step.accumulate(into: &next, &agreement)
          try agreement?.check()
          try MetricOwnership.check(next.sums, of: objectives.place)
          let applied = try policy.applyGradient(learningRate: learningRate)
          hasMoved = true
          next.gradientNorms.append((step.phase.name, applied.norm))
          if applied.isClipped { next.clippedSteps += 1 }
        }
        report = next
      } catch {
        policy.discardGradient()
        guard error.code == .notFinite else { throw error }
        report.skip(error, share: Double(tokens) / Double(step.minibatch.tokenCount))
      }
      if let maximum = agreement?.maximum, let mean = agreement?.mean {
        report.logProbabilityDifference = (maximum, mean)
      }
      agreement = nil
    }
    return report
  }
}
