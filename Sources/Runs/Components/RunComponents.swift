import FulcrumKernel
import Settings
import Training
import YAML

/// Holds all components of a run, each made once: task, policy, reward functions, and the parts of
/// a training step.
package struct RunComponents {
  package let setup: RunSetup
  /// The policy with the components of its training step.
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

  /// Makes the components of another way to train the same policy. They share what an arm doesn't
  /// change.
  package init(
    _ configuration: RunConfiguration, armOf other: RunComponents, reference: String? = nil
  )
    throws(FulcrumError)
  {
    let setup = RunSetup(configuration, armOf: other.setup)
    self.setup = setup
    var faults = ConfigurationFaults(configuration.tree)
    setup.factory.gatherFaults(
      of: ComponentKey.trained, in: configuration.tree, &faults)
    try faults.check()
    let shared = other.training.reference
    training = try setup.stepComponents { () throws(FulcrumError) in
      if let shared { return shared }
      return try setup.makeReference(from: reference)
    }
    rewards = other.rewards
  }

  /// Samples in the way of the configuration's rollouts.
  package var sampler: RolloutSampler { setup.rolloutSampler(rewards) }

  /// Evaluates in the way of the configuration.
  package var evaluator: Evaluator { setup.evaluator(rewards) }

  /// Returns the source of the run's rollouts.
  ///
  /// - Parameter consumedItems: the number of items of the task's order that were taken before.
  package func rolloutSource(consumedItems: Int) throws(FulcrumError) -> any RolloutSource {
    let rollout = configuration.rollout
    if let records = rollout.replay {
      return RecordedRollouts(folder: records, judge: sampler, promptsPerStep: rollout.prompts)
    }
    return SampledRollouts(
      sampler: sampler, order: try order, promptsPerStep: rollout.prompts,
      maximumRefills: rollout.maximumRefills, consumedItems: consumedItems)
  }

  /// Returns the source of a run's rollouts, which samples ahead if the configuration says so.
  ///
  /// - Parameters:
  ///   - counters: of the steps that are done.
  ///   - ahead: completions of the step after them that were sampled ahead.
  func trainingSource(after counters: RunCounters, ahead: Generation?) throws(FulcrumError)
    -> any RolloutSource
  {
    guard configuration.rollout.isAhead, let separate = policy as? any SeparateSamplerPolicy else {
      return try rolloutSource(consumedItems: counters.consumedItems)
    }
    return AheadRollouts(
      sampler: sampler, policy: separate, order: try order,
      promptsPerStep: configuration.rollout.prompts, steps: configuration.general.steps,
      consumedItems: counters.consumedItems,
      ahead: ahead.map { (step: UInt32(counters.step + 1), generation: $0) })
  }

  /// The task's training items in the run's order, without those that are left out.
  var order: TaskOrder {
    get throws(FulcrumError) {
      let task = setup.task
      let (policy, limit) = (policy, sampler.promptLimit)
      let drops = try setup.overlong == .drop
      return TaskOrder(
        count: task.trainingCount, seed: configuration.general.seed,
        item: { (index) throws(FulcrumError) in try task.trainingItem(index) },
        where: drops
          ? { (item) throws(FulcrumError) in try policy.encode(item.prompt).count <= limit } : nil)
    }
  }
}

extension RunSetup {
  /// Makes the parts of a training step.
  ///
  /// - Parameter reference: makes the reference policy, if some component reads it.
  fileprivate func stepComponents(
    reference: () throws(FulcrumError) -> any FrozenPolicy
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
      let separate = (policy as? any SeparateSamplerPolicy)?.separateSampler
      try configuration.checkSampler(separate)
      var components = StepComponents(
        policy: policy, transforms: transforms, scheduler: try makeScheduler(),
        objectives: ObjectiveSum(objectives),
        options: try configuration.update.options(
          rollout: configuration.rollout, logging: configuration.logging,
          samplesApart: separate != nil))
      guard policy.isReady else {
        throw FulcrumError(
          .configuration, "expected a policy with weights, got one without a checkpoint",
          at: "policy.checkpoint",
          hint: "name a checkpoint folder; 'fulcrum sft' makes one from demonstrations")
      }
      try components.check()
      let readsReference = components.readsReference
      guard readsReference || configuration.reference.updateEvery == 0 else {
        throw configuration.reference.unread
      }
      if configuration.reference.updateEvery > 0 { try ReferenceUpdate.check(policy) }
      if readsReference { components.reference = try reference() }
      return components
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// Makes the reference policy. A frozen reference is the policy that the configuration names. It
  /// is a copy of the run's own policy while that is still the same, and is read anew otherwise: by the
  /// policy, if it can.
  ///
  /// - Parameter folder: a folder with the reference policy, if that has moved.
  fileprivate func makeReference(from folder: String?) throws(FulcrumError) -> any FrozenPolicy {
    if folder == nil, hasOwnPolicy, let freezable = policy as? any FreezablePolicy {
      return try freezable.frozenCopy()
    }
    let choice = try configuration.choice(.policy)
    let source: String? = if let folder { folder } else { try factory.checkpoint(of: choice) }
    let model: any PolicyModel =
      if let source, let reading = policy as? any ReferenceReadingPolicy {
        try reading.readReference(from: source)
      } else {
        try factory.policy(choice, checkpoint: folder)
      }
    if let folder { try model.loadOptimizer(from: ReferenceUpdate.optimizer(in: folder)) }
    return model
  }
}
