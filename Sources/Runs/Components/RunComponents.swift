import FulcrumKernel
import Settings
import Training
import YAML

/// All that a run is made of, each component made once: task, policy, reward functions, and the parts
/// of a training step.
package struct RunComponents {
  package let setup: RunSetup
  /// The policy with what trains it.
  package let training: StepComponents
  package let rewards: [WeightedReward]

  package var configuration: RunConfiguration { setup.configuration }
  package var policy: any PolicyModel { setup.policy }

  /// - Parameter reference: a folder with the reference policy, if that has moved.
  package init(_ setup: RunSetup, reference: String? = nil) throws(FulcrumError) {
    self.setup = setup
    training = try setup.stepComponents { () throws(FulcrumError) in
      try setup.makeReference(from: reference)
    }
    rewards = try setup.makeRewards()
  }

  /// Another way to train the same policy: what an arm doesn't change is shared.
  package init(
    _ configuration: RunConfiguration, armOf other: RunComponents, reference: String? = nil
  )
    throws(FulcrumError)
  {
    let setup = RunSetup(configuration, armOf: other.setup)
    self.setup = setup
    let shared = other.training.reference
    training = try setup.stepComponents { () throws(FulcrumError) in
      if let shared { return shared }
      return try setup.makeReference(from: reference)
    }
    rewards = other.rewards
  }

  /// Samples as the configuration's rollouts do.
  package var sampler: RolloutSampler { setup.rolloutSampler(rewards) }

  /// Samples as the configuration's evaluations do.
  package var evaluationSampler: RolloutSampler { setup.evaluationSampler(rewards) }

  /// Where the run's rollouts come from.
  ///
  /// - Parameter consumedItems: of the task's order, before.
  package func rolloutSource(consumedItems: Int) -> any RolloutSource {
    let rollout = configuration.rollout
    if let records = rollout.replay {
      return RecordedRollouts(folder: records, judge: sampler, promptsPerStep: rollout.prompts)
    }
    return SampledRollouts(
      sampler: sampler, order: TaskOrder(task: setup.task, seed: configuration.general.seed),
      promptsPerStep: rollout.prompts, maximumRefills: rollout.maximumRefills,
      consumedItems: consumedItems)
  }
}

extension RunSetup {
  /// Makes the parts of a training step.
  ///
  /// - Parameter reference: gives the reference policy, if some component reads it.
  fileprivate func stepComponents(
    reference: () throws(FulcrumError) -> any PolicyModel
  ) throws(FulcrumError) -> StepComponents {
    do throws(FulcrumError) {
      var transforms: [Named<any AdvantageTransform>] = []
      for choice in try configuration.choices(.advantage) {
        transforms.append(try factory.transform(choice))
      }
      var objectives: [Named<any PolicyObjective>] = []
      for choice in try configuration.choices(.objective) {
        objectives.append(try factory.objective(choice))
      }
      guard !objectives.isEmpty else { throw ComponentKey.objective.missing }
      var scheduler: Named<any UpdateScheduler>?
      if !(try configuration.choices(.schedule)).isEmpty {
        scheduler = try factory.scheduler(try configuration.choice(.schedule))
      }
      var components = StepComponents(
        policy: policy, transforms: transforms, scheduler: scheduler,
        objectives: ObjectiveSum(objectives),
        options: try configuration.update.options(
          rollout: configuration.rollout, logging: configuration.logging))
      guard policy.isReady else {
        throw FulcrumError(
          .configuration, "expected a policy with weights, got one without a checkpoint",
          at: "policy.checkpoint",
          hint: "name a checkpoint folder; 'fulcrum sft' makes one from demonstrations")
      }
      let readsReference = components.needs.contains(.referenceLogProbabilities)
      guard readsReference || configuration.reference.updateEvery == 0 else {
        throw configuration.reference.unread
      }
      if readsReference { components.reference = try reference() }
      return components
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// Makes the reference policy. A frozen one is the policy that the configuration names, also when
  /// the run goes on from a checkpoint of its own.
  ///
  /// - Parameter folder: has the reference policy, if that has moved.
  fileprivate func makeReference(from folder: String?) throws(FulcrumError) -> any PolicyModel {
    var choice = try configuration.choice(.policy)
    if let folder { choice = choice.setting("checkpoint", to: .text(folder)) }
    let model = try factory.policy(choice)
    if let folder { try model.loadOptimizer(from: ReferenceUpdate.optimizer(in: folder)) }
    return model
  }
}
