import FulcrumKernel
import PluginHost
import Settings
import Training

/// Finds settings that are allowed, but seldom what a configuration's author means.
package enum ConfigurationWarnings {
  /// - Parameter resolved: every component's parameters, with the component's key path.
  package static func found(
    in components: RunComponents, _ arithmetic: BatchArithmetic, resolved: [ResolvedComponent]
  ) -> [String] {
    optimizerSteps(arithmetic) + twice(resolved) + reference(components.training, resolved)
      + signal(components) + cuts(components.configuration.rollout)
      + SamplerWarnings.found(in: components)
      + run(components.configuration, arithmetic)
  }

  /// Warns of phases and passes: a schedule with phases takes more optimiser steps than one
  /// without.
  private static func optimizerSteps(_ arithmetic: BatchArithmetic) -> [String] {
    let phases = arithmetic.schedule.phases.count
    var warnings: [String] = []
    if phases > 1 {
      warnings.append(
        "the schedule's \(phases) phases make \(arithmetic.optimizerSteps) optimiser steps of"
          + " \(arithmetic.optimizerSteps / phases): compare it with an arm that takes as many,"
          + " not only with one that takes fewer")
    }
    if arithmetic.iterations > 1, arithmetic.schedule.passes > 1 {
      warnings.append(
        "update.iterations = \(arithmetic.iterations) and the schedule's \(arithmetic.schedule.passes)"
          + " passes multiply: every token is used \(arithmetic.iterations * arithmetic.schedule.passes)"
          + " times")
    }
    return warnings
  }

  /// Warns of a method's strength that is set in an advantage and in an objective: both act.
  private static func twice(_ resolved: [ResolvedComponent]) -> [String] {
    [ParameterMeaning.tokenDamping, .referenceStrength].compactMap { meaning in
      let strengths =
        [HostComponent.Kind.advantageTransform, .policyObjective].flatMap { kind in
          resolved.filter { $0.kind == kind }.flatMap { component in
            component.numbers(meaning).filter { $0.value != 0 }.map {
              (name: $0.name, text: "\(component.path).\($0.name) = \($0.value)")
            }
          }
        }
      guard strengths.count > 1 else { return nil }
      return
        "\(strengths.map(\.text).joined(separator: " and ")) both act: \(strengths[0].name) counts twice"
    }
  }

  /// Warns of a strength towards the reference policy in a component that doesn't read the
  /// reference.
  private static func reference(
    _ components: StepComponents, _ resolved: [ResolvedComponent]
  ) -> [String] {
    func reads(_ needs: Set<Column>) -> Bool { needs.contains { $0.policy == .reference } }
    let readers =
      components.objectives.objectives.filter { reads($0.component.needs) }.map(\.name)
      + components.transforms.filter { reads($0.component.needs) }.map(\.name)
    return resolved.filter { !readers.contains($0.manual.name) }.flatMap { component in
      component.numbers(.referenceStrength).filter { $0.value > 0 }.map {
        "\(component.path).\($0.name) = \($0.value), but the component reads no reference policy: nothing"
          + " holds the policy near its start"
      }
    }
  }

  /// Warns of settings that give the update little or nothing to learn.
  private static func signal(_ components: RunComponents) -> [String] {
    var warnings: [String] = []
    if components.training.transforms.isEmpty {
      warnings.append("no advantage is named: raw rewards weigh the tokens, without a baseline")
    }
    if components.configuration.rollout.samples == 1 {
      warnings.append("rollout.samples = 1: a completion has no group to be compared with")
    }
    return warnings
      + learningRate(
        components.configuration.update.learningRate, of: UpdateSettings.key,
        steps: components.configuration.general.steps)
  }

  /// Warns of draws from another distribution than the one whose probabilities the update takes.
  private static func cuts(_ rollout: RolloutSettings) -> [String] {
    guard rollout.replay == nil, rollout.sampling.isCut else { return [] }
    let settings = rollout.sampling.cuts.map { "\(RolloutSettings.key).\($0)" }
    return [
      settings.joined(separator: ", ") + ": tokens are drawn from a part of the policy's"
        + " distribution, but log π is of the whole, and so are ratios, their clipping and KL: the mean"
        + " step is not the gradient of the mean reward"
    ]
  }

  /// Warns of a learning rate that stays at zero or never reaches its height.
  ///
  /// - Parameter section: the section that has its keys.
  static func learningRate(
    _ rate: LearningRateSettings, of section: String, steps: Int
  ) -> [String] {
    var warnings: [String] = []
    if rate.peak == 0 {
      warnings.append("\(section).learning-rate = 0: nothing is learned")
    }
    let warmup = rate.warmupSteps
    if warmup > steps {
      warnings.append(
        "\(section).warmup-steps = \(warmup) of \(steps) steps: the learning rate never reaches its"
          + " height")
    }
    return warnings
  }

  /// Warns of settings that can cost a long run its work.
  private static func run(_ configuration: RunConfiguration, _ arithmetic: BatchArithmetic)
    -> [String]
  {
    var warnings: [String] = []
    if configuration.checkpoint.every == 0, arithmetic.steps > 1 {
      warnings.append("checkpoint.every = 0: a crash before the last step loses the whole run")
    }
    if arithmetic.maximumRounds > 1 {
      warnings.append(
        "dynamic sampling may sample up to \(arithmetic.maximumRounds) times the prompts a step, and"
          + " stops the run if that does not suffice")
    }
    if let items = arithmetic.trainingItems, arithmetic.prompts > items {
      warnings.append(
        "rollout.prompts = \(arithmetic.prompts) of \(items) training items: a step repeats items")
    }
    return warnings
  }
}
