import Foundation
import FulcrumKernel
import PluginHost
import YAML

/// A component that a configuration names, with its parameters complete.
package struct ResolvedComponent {
  package let kind: HostComponent.Kind
  package let name: String
  /// The key path.
  package let path: String
  package let parameters: Parameters
}

/// A configuration with its components made: what training and evaluation begin from.
package struct RunSetup {
  package let configuration: RunConfiguration
  package let factory: ComponentFactory
  package let task: any TaskSource
  package let policy: any PolicyModel
  package let seed: UInt64
  package let threads: Int

  /// - Parameters:
  ///   - checkpoint: replaces the one that the configuration's policy names.
  ///   - searchPath: where plugins are looked for, after the configuration's own folders.
  package init(
    _ configuration: RunConfiguration, checkpoint: String? = nil,
    searchPath: (_ configured: [String]) -> PluginSearchPath
  ) throws(FulcrumError) {
    self.configuration = configuration
    seed = UInt64(try configuration.general.integer("seed"))
    threads = try configuration.threadCount()
    factory = ComponentFactory(
      host: PluginHost(searchPath: searchPath(try configuration.general.texts("plugin-path"))),
      context: ComponentContext(seed: seed, threads: threads))
    do throws(FulcrumError) {
      task = try factory.task(try configuration.choice("task"))
      var choice = try configuration.choice("policy")
      if let checkpoint { choice = choice.setting("checkpoint", to: .text(checkpoint)) }
      policy = try factory.policy(choice)
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// Another way to train the same policy: what an arm doesn't change is shared.
  package init(_ configuration: RunConfiguration, armOf setup: RunSetup) {
    self.configuration = configuration
    factory = setup.factory
    task = setup.task
    policy = setup.policy
    seed = setup.seed
    threads = setup.threads
  }

  /// Samples as the configuration's rollouts do, or as its evaluations do.
  package func sampler(forEvaluation: Bool) throws(FulcrumError) -> RolloutSampler {
    let rollout = configuration.rollout
    let evaluation = configuration.evaluation
    let ownLimit = try evaluation.integer("max-new-tokens")
    let limit = try rollout.integer("max-new-tokens")
    return RolloutSampler(
      policy: policy, rewards: try rewards(),
      samples: forEvaluation ? 1 : try rollout.integer("samples"),
      maximumTokens: forEvaluation && ownLimit > 0 ? ownLimit : limit,
      temperature: Float(
        forEvaluation ? try evaluation.number("temperature") : try rollout.number("temperature")),
      seed: seed,
      onFailure: MissingScoreRule(rawValue: try rollout.text("on-failure")) ?? .stop)
  }

  package func heldOutItems() throws(FulcrumError) -> [TaskItem] {
    let count = try configuration.evaluation.integer("items")
    return count > 0 ? try task.heldOutItems(perCategory: count) : []
  }

  /// Where the run's rollouts come from.
  ///
  /// - Parameter consumedItems: of the task's order, before.
  package func rolloutSource(consumedItems: Int) throws(FulcrumError) -> any RolloutSource {
    let section = configuration.rollout
    let prompts = try section.integer("prompts")
    let sampler = try sampler(forEvaluation: false)
    let records = try section.text("replay")
    if !records.isEmpty {
      return RecordedRollouts(folder: records, judge: sampler, promptsPerStep: prompts)
    }
    return SampledRollouts(
      sampler: sampler, order: TaskOrder(task: task, seed: seed), promptsPerStep: prompts,
      maximumRefills: try section.flag("dynamic-sampling")
        ? try section.integer("max-refills") : nil, consumedItems: consumedItems)
  }

  /// The parts of a training step.
  ///
  /// - Parameters:
  ///   - reference: a folder with the reference policy, if that has moved.
  ///   - shared: the reference policy, if it was made before.
  package func stepComponents(reference: String? = nil, shared: (any PolicyModel)? = nil)
    throws(FulcrumError) -> StepComponents
  {
    do throws(FulcrumError) {
      var transforms: [Named<any AdvantageTransform>] = []
      for choice in try configuration.choices("advantage") {
        transforms.append(try factory.transform(choice))
      }
      let schedules = try configuration.choices("schedule")
      let scheduler = schedules.isEmpty ? nil : try configuration.choice("schedule")
      var objectives: [Named<any PolicyObjective>] = []
      for choice in try configuration.choices("objective") {
        objectives.append(try factory.objective(choice))
      }
      guard !objectives.isEmpty else {
        throw FulcrumError(
          .configuration, "expected a component, got nothing", at: "objective",
          hint: "write objective: {use: NAME}; fulcrum plugin list shows the names")
      }
      var components = StepComponents(
        policy: policy, transforms: transforms,
        scheduler: try scheduler.map { (c) throws(FulcrumError) in try factory.scheduler(c) },
        objectives: ObjectiveSum(objectives), options: try updateOptions())
      guard policy.isReady else {
        throw FulcrumError(
          .configuration, "expected a policy with weights, got one without a checkpoint",
          at: "policy.checkpoint",
          hint: "name a checkpoint folder; 'fulcrum sft' makes one from demonstrations")
      }
      let readsReference = components.needs.contains(.referenceLogProbabilities)
      let referenceMoves = try configuration.reference.integer("update-every") > 0
      guard readsReference || !referenceMoves else {
        throw configuration.reference.refuse(
          "update-every", "expected 0, because no component reads the reference policy",
          hint: "a KL penalty reads it")
      }
      // A frozen reference is the policy that the configuration names, also when the run goes on
      // from a checkpoint of its own.
      guard readsReference else { return components }
      if let shared {
        components.reference = shared
        return components
      }
      var choice = try configuration.choice("policy")
      if let reference { choice = choice.setting("checkpoint", to: .text(reference)) }
      let model = try factory.policy(choice)
      if let reference { try model.loadOptimizer(from: ReferenceUpdate.optimizer(in: reference)) }
      components.reference = model
      return components
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// The settings of an update that are no component's.
  private func updateOptions() throws(FulcrumError) -> UpdateOptions {
    let section = configuration.update
    let prompts = try configuration.rollout.integer("prompts")
    let minibatch = try section.integer("minibatch-prompts")
    guard minibatch == 0 || prompts % minibatch == 0 else {
      throw section.refuse(
        "minibatch-prompts",
        "expected a divisor of rollout.prompts = \(prompts), got \(minibatch)",
        hint: "mini-batches of different sizes would weigh their tokens differently")
    }
    let kind = Aggregation.Kind(rawValue: try section.text("aggregation")) ?? .tokenMean
    let length = try section.integer("aggregation-length")
    guard length == 0 || kind == .sequenceMeanTokenSumNorm else {
      throw section.refuse(
        "aggregation-length", "expected 0, because aggregation is \(kind.rawValue)",
        hint: "only \(Aggregation.Kind.sequenceMeanTokenSumNorm.rawValue) divides by a length")
    }
    var options = UpdateOptions(minibatchPrompts: minibatch == 0 ? prompts : minibatch)
    options.temperature = Float(try configuration.rollout.number("temperature"))
    options.iterations = try section.integer("iterations")
    options.aggregation = Aggregation(
      kind, length: length > 0 ? length : try configuration.rollout.integer("max-new-tokens"))
    // A replayed rollout's log-probabilities are not this policy's.
    options.probedShare =
      try configuration.rollout.text("replay").isEmpty
      ? try configuration.logging.number("probe") : 0
    options.masksTruncated = try section.flag("mask-truncated")
    options.recomputesOldLogProbabilities =
      try section.text("old-log-probabilities") == "recompute"
    // A replayed batch was sampled by another policy from its second step on.
    options.differenceLimit =
      try configuration.rollout.text("replay").isEmpty
      ? try section.number("max-logp-difference") : nil
    return options
  }

  /// `run.yaml`: the configuration with every default, and what took part.
  package func provenance() throws(FulcrumError) -> String {
    var parameters: [String: Parameters] = [:]
    for component in try resolvedComponents() { parameters[component.path] = component.parameters }
    return try Provenance.yaml(
      configuration, resolved: parameters, host: factory.host, threads: threads)
  }

  /// Every component that the configuration names, with all of its parameters.
  package func resolvedComponents() throws(FulcrumError) -> [ResolvedComponent] {
    var resolved: [ResolvedComponent] = []
    for kind in HostComponent.Kind.allCases {
      for choice in try configuration.choices(kind.configurationKey) {
        resolved.append(
          ResolvedComponent(
            kind: kind, name: choice.use, path: choice.path,
            parameters: try factory.resolve(kind, choice)))
      }
    }
    return resolved
  }

  private func rewards() throws(FulcrumError) -> [WeightedReward] {
    let choices = try configuration.choices("reward")
    do throws(FulcrumError) {
      guard !choices.isEmpty else {
        throw FulcrumError(
          .configuration, "expected a component, got nothing", at: "reward",
          hint: "write reward: {use: NAME}; fulcrum plugin list shows the names")
      }
      var rewards: [WeightedReward] = []
      for choice in choices { rewards.append(try factory.reward(choice)) }
      return rewards
    } catch {
      throw configuration.tree.placed(error)
    }
  }
}

extension HostComponent.Kind {
  /// The key under which a configuration names a component of this kind.
  package var configurationKey: String {
    switch self {
    case .policy: "policy"
    case .task: "task"
    case .reward: "reward"
    case .advantageTransform: "advantage"
    case .updateScheduler: "schedule"
    case .policyObjective: "objective"
    @unknown default: rawValue
    }
  }
}
