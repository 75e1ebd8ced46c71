import FulcrumKernel
import PluginHost
import Settings
import Training
import YAML

/// A configuration with its task and its policy made: what every command on a configuration begins
/// from.
package struct RunSetup {
  package let configuration: RunConfiguration
  package let factory: ComponentFactory
  package let task: any TaskSource
  package let policy: any PolicyModel

  /// - Parameters:
  ///   - checkpoint: replaces the one that the configuration's policy names.
  ///   - host: looks for plugins in the configuration's own folders first.
  package init(
    _ configuration: RunConfiguration, checkpoint: String? = nil,
    host: (_ configured: [String]) -> PluginHost
  ) throws(FulcrumError) {
    self.configuration = configuration
    let general = configuration.general
    factory = ComponentFactory(
      host: host(general.pluginPath),
      context: ComponentContext(seed: general.seed, threads: general.threads))
    do throws(FulcrumError) {
      task = try factory.task(try configuration.choice(.task))
      var choice = try configuration.choice(.policy)
      if let checkpoint { choice = choice.setting("checkpoint", to: .text(checkpoint)) }
      policy = try factory.policy(choice)
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// Another way to train the same policy: what an arm doesn't change is shared.
  init(_ configuration: RunConfiguration, armOf setup: RunSetup) {
    self.configuration = configuration
    factory = setup.factory
    task = setup.task
    policy = setup.policy
  }

  /// Makes the reward functions that the configuration names.
  package func makeRewards() throws(FulcrumError) -> [WeightedReward] {
    let choices = try configuration.choices(.reward)
    do throws(FulcrumError) {
      guard !choices.isEmpty else { throw ComponentKey.reward.missing }
      var rewards: [WeightedReward] = []
      for choice in choices { rewards.append(try factory.reward(choice)) }
      return rewards
    } catch {
      throw configuration.tree.placed(error)
    }
  }

  /// Samples as the configuration's evaluations do.
  package func evaluationSampler(_ rewards: [WeightedReward]) -> RolloutSampler {
    let evaluation = configuration.evaluation
    return sampler(
      rewards, samples: 1,
      maximumTokens: evaluation.maximumTokens ?? configuration.rollout.maximumTokens,
      temperature: evaluation.temperature)
  }

  /// Samples as the configuration's rollouts do.
  func rolloutSampler(_ rewards: [WeightedReward]) -> RolloutSampler {
    let rollout = configuration.rollout
    return sampler(
      rewards, samples: rollout.samples, maximumTokens: rollout.maximumTokens,
      temperature: rollout.temperature)
  }

  private func sampler(
    _ rewards: [WeightedReward], samples: Int, maximumTokens: Int, temperature: Double
  ) -> RolloutSampler {
    RolloutSampler(
      policy: policy, rewards: rewards, samples: samples, maximumTokens: maximumTokens,
      temperature: Float(temperature), seed: configuration.general.seed,
      onFailure: configuration.rollout.onFailure)
  }

  package func heldOutItems() throws(FulcrumError) -> [TaskItem] {
    let count = configuration.evaluation.items
    return count > 0 ? try task.heldOutItems(perCategory: count) : []
  }

  /// `run.yaml`: the configuration with every default, and what took part.
  package func provenance() throws(FulcrumError) -> String {
    var parameters: [String: Parameters] = [:]
    for component in try resolvedComponents() { parameters[component.path] = component.parameters }
    return try Provenance.yaml(configuration, resolved: parameters, host: factory.host)
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
}

/// A component that a configuration names, with its parameters complete.
package struct ResolvedComponent {
  package let kind: HostComponent.Kind
  package let name: String
  /// The key path.
  package let path: String
  package let parameters: Parameters
}
