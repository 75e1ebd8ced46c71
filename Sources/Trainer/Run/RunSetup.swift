import Foundation
import FulcrumKernel
import PluginHost

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
      seed: seed)
  }

  package func heldOutItems() throws(FulcrumError) -> [TaskItem] {
    let count = try configuration.evaluation.integer("items")
    return count > 0 ? try task.heldOutItems(perCategory: count) : []
  }

  /// The parts of a training step.
  package func stepComponents() throws(FulcrumError) -> StepComponents {
    do throws(FulcrumError) {
      let prompts = try configuration.rollout.integer("prompts")
      let minibatch = try configuration.update.integer("minibatch-prompts")
      guard minibatch == 0 || prompts % minibatch == 0 else {
        throw configuration.update.refuse(
          "minibatch-prompts",
          "expected a divisor of rollout.prompts = \(prompts), got \(minibatch)",
          hint: "mini-batches of different sizes would weigh their tokens differently")
      }
      var transforms: [Named<any AdvantageTransform>] = []
      for choice in try configuration.choices("advantage") {
        transforms.append(try factory.transform(choice))
      }
      let schedules = try configuration.choices("schedule")
      let scheduler = schedules.isEmpty ? nil : try configuration.choice("schedule")
      let components = StepComponents(
        sampler: try sampler(forEvaluation: false), transforms: transforms,
        scheduler: try scheduler.map { (c) throws(FulcrumError) in try factory.scheduler(c) },
        objective: try factory.objective(try configuration.choice("objective")),
        minibatchPrompts: minibatch == 0 ? prompts : minibatch,
        recomputesOldLogProbabilities:
          try configuration.update.text("old-log-probabilities") == "recompute",
        differenceLimit: try configuration.update.number("max-logp-difference"))
      guard policy.isReady else {
        throw FulcrumError(
          .configuration, "expected a policy with weights, got one without a checkpoint",
          at: "policy.checkpoint",
          hint: "name a checkpoint folder; 'fulcrum sft' makes one from demonstrations")
      }
      guard components.needs.contains(.referenceLogProbabilities) else { return components }
      // The reference is the policy that the configuration names, also when the run goes on from
      // a checkpoint of its own.
      return components.with(reference: try factory.policy(try configuration.choice("policy")))
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// `run.yaml`: the configuration with every default, and what took part.
  package func provenance() throws(FulcrumError) -> String {
    var resolved: [String: Parameters] = [:]
    for kind in RegisteredComponent.Kind.allCases {
      for choice in try configuration.choices(kind.configurationKey) {
        resolved[choice.path] = try factory.resolve(kind, choice)
      }
    }
    return try Provenance.yaml(
      configuration, resolved: resolved, host: factory.host, threads: threads)
  }

  private func rewards() throws(FulcrumError) -> [Named<any RewardFn>] {
    let choices = try configuration.choices("reward")
    do throws(FulcrumError) {
      guard !choices.isEmpty else {
        throw FulcrumError(
          .configuration, "expected a component, got nothing", at: "reward",
          hint: "write reward: {use: NAME}; fulcrum plugin list shows the names")
      }
      var rewards: [Named<any RewardFn>] = []
      for choice in choices { rewards.append(try factory.reward(choice)) }
      return rewards
    } catch {
      throw configuration.tree.placed(error)
    }
  }
}

extension RegisteredComponent.Kind {
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
