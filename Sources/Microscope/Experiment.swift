import FulcrumKernel
import Training

/// Takes updates of a policy from one place: its state is put back before each.
package struct Experiment {
  private let policy: any SnapshotPolicy
  private let start: any PolicySnapshot
  private let learningRate: Double

  /// - Parameter policy: in the state that every update begins from; it is the experiment's own from
  ///   now on.
  package init(_ policy: any SnapshotPolicy, learningRate: Double) throws(FulcrumError) {
    self.policy = policy
    self.learningRate = learningRate
    start = try policy.snapshot()
  }

  /// Returns the policy in the state that every update begins from.
  func restored() throws(FulcrumError) -> any PolicyModel {
    try policy.restore(start)
    return policy
  }

  /// Tokens of an update after it was taken.
  struct Outcome: Sendable {
    /// Advantages of the tokens as the update saw them.
    let advantages: [Float]
    /// The L2 norm of the gradient before clipping, the mean over the optimiser steps.
    let gradientNorm: Double
    /// The tokens' log π afterwards.
    let logProbabilities: [Float]
  }

  /// Takes one optimiser step on all tokens, in one phase, whatever the schedule.
  ///
  /// - Parameter interval: the interval whose tokens keep their advantage; `nil`: all of them.
  func single(
    _ components: StepComponents, on rollout: Rollout, step: UInt32, interval: Int?
  ) throws(FulcrumError) -> Outcome {
    var options = components.options
    options.minibatchPrompts = rollout.sequences.groupCount
    options.iterations = 1
    var transforms = components.transforms
    if let interval {
      let mask: any AdvantageTransform = IntervalMask(interval: interval)
      transforms.append(Named("advantage", name: IntervalMask.manual.name, component: mask))
    }
    return try run(
      StepComponents(
        policy: components.policy, reference: components.reference, transforms: transforms,
        scheduler: nil, objectives: components.objectives, options: options),
      on: rollout, step: step)
  }

  /// Takes a whole training step, with the components' own schedule and mini-batches.
  func run(_ components: StepComponents, on rollout: Rollout, step: UInt32)
    throws(FulcrumError) -> Outcome
  {
    let policy = try restored()
    var options = components.options
    options.probedShare = 0
    options.recomputesOldLogProbabilities = false
    // The rollout's log-probabilities are this policy's own scores.
    options.differenceLimit = nil
    let training = TrainingStep(
      components: StepComponents(
        policy: policy, reference: components.reference, transforms: components.transforms,
        scheduler: components.scheduler, objectives: components.objectives, options: options))
    var hasMoved = false
    // Every update is the same step's, so none may find another's traces in a component.
    let states = try ComponentStates(of: training.components)
    let result = try training.run(
      rollout, step: step, learningRate: learningRate, hasMoved: &hasMoved)
    try states.restore(training.components)
    if let fault = result.report.skipped.first { throw fault }
    let sequences = rollout.sequences
    let scored = try ScoredColumns(
      of: sequences, sequences: 0..<sequences.sequenceCount, by: policy,
      temperature: options.temperature)
    return Outcome(
      advantages: result.advantages,
      gradientNorm: Statistics.mean(result.report.gradientNorms.map(\.norm)),
      logProbabilities: scored.logProbabilities)
  }
}

extension Rollout {
  /// Returns the rollout with other log-probabilities of its tokens.
  func with(logProbabilities: [Float]) -> Rollout {
    Rollout(
      items: items, sequences: sequences, logProbabilities: logProbabilities,
      isFinished: isFinished, completions: completions, scores: scores,
      rewardWeights: rewardWeights)
  }
}
