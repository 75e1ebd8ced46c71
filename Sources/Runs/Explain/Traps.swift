import FulcrumKernel
import PluginHost
import Settings
import Training

/// What in a configuration is allowed, and yet is seldom what its author means.
package enum Traps {
  /// - Parameter resolved: every component's parameters, with the key path it is under.
  package static func found(
    in components: RunComponents, _ arithmetic: BatchArithmetic, resolved: [ResolvedComponent]
  ) -> [String] {
    optimizerSteps(arithmetic) + twice(resolved) + reference(components.training, resolved)
      + signal(components, arithmetic) + run(components.configuration, arithmetic)
  }

  /// A schedule with phases steps more often than one without.
  private static func optimizerSteps(_ arithmetic: BatchArithmetic) -> [String] {
    let phases = arithmetic.schedule.phases.count
    var traps: [String] = []
    if phases > 1 {
      traps.append(
        "the schedule's \(phases) phases make \(arithmetic.optimizerSteps) optimiser steps of"
          + " \(arithmetic.optimizerSteps / phases): compare it with an arm that takes as many,"
          + " not only with one that takes fewer")
    }
    if arithmetic.iterations > 1, arithmetic.schedule.passes > 1 {
      traps.append(
        "update.iterations = \(arithmetic.iterations) and the schedule's \(arithmetic.schedule.passes)"
          + " passes multiply: every token is used \(arithmetic.iterations * arithmetic.schedule.passes)"
          + " times")
    }
    return traps
  }

  /// Strengths of a method that exist in an advantage and in an objective: both act.
  private static func twice(_ resolved: [ResolvedComponent]) -> [String] {
    // The paper's letters: how much a token is damped, and how much a divergence costs.
    ["alpha", "beta"].compactMap { name in
      func places(_ kind: HostComponent.Kind) -> [String] {
        resolved.filter { $0.kind == kind }.compactMap { component in
          for (key, value) in component.parameters.resolved where key == name {
            if case .number(let number) = value, number > 0 {
              return "\(component.path).\(name) = \(number)"
            }
          }
          return nil
        }
      }
      let advantages = places(.advantageTransform)
      let objectives = places(.policyObjective)
      guard advantages.count + objectives.count > 1 else { return nil }
      return
        "\((advantages + objectives).joined(separator: " and ")) both act: \(name) counts twice"
    }
  }

  private static func reference(
    _ components: StepComponents, _ resolved: [ResolvedComponent]
  ) -> [String] {
    let objectives = components.objectives.objectives.filter {
      $0.component.needs.contains(.referenceLogProbabilities)
    }.map(\.name)
    let transforms = components.transforms.filter {
      $0.component.needs.contains(.referenceLogProbabilities)
    }.map(\.name)
    let readers = objectives + transforms
    var traps: [String] = []
    // A strength without anything to measure against.
    for component in resolved {
      let isReader = readers.contains(component.name)
      for (key, value) in component.parameters.resolved where key == "beta" && !isReader {
        if case .number(let beta) = value, beta > 0 {
          traps.append(
            "\(component.path).beta = \(beta), but the component reads no reference policy: nothing"
              + " holds the policy near its start")
        }
      }
    }
    return traps
  }

  /// Whether the update can learn anything.
  private static func signal(
    _ components: RunComponents, _ arithmetic: BatchArithmetic
  ) -> [String] {
    var traps: [String] = []
    if components.training.transforms.isEmpty {
      traps.append("no advantage is named: raw rewards weigh the tokens, without a baseline")
    }
    if arithmetic.samples == 1 {
      traps.append("rollout.samples = 1: a completion has no group to be compared with")
    }
    let rate = components.configuration.update.learningRate
    if rate.peak == 0 {
      traps.append("update.learning-rate = 0: nothing is learned")
    }
    let warmup = rate.warmupSteps
    if warmup >= arithmetic.steps, warmup > 0 {
      traps.append(
        "update.warmup-steps = \(warmup) of \(arithmetic.steps) steps: the learning rate never"
          + " reaches its height")
    }
    return traps
  }

  /// What costs a long run its work.
  private static func run(_ configuration: RunConfiguration, _ arithmetic: BatchArithmetic)
    -> [String]
  {
    var traps: [String] = []
    if configuration.checkpoint.every == 0, arithmetic.steps > 1 {
      traps.append("checkpoint.every = 0: a crash before the last step loses the whole run")
    }
    if arithmetic.maximumRounds > 1 {
      traps.append(
        "dynamic sampling may sample up to \(arithmetic.maximumRounds) times the prompts a step, and"
          + " stops the run if that does not suffice")
    }
    if let items = arithmetic.trainingItems, arithmetic.prompts > items {
      traps.append(
        "rollout.prompts = \(arithmetic.prompts) of \(items) training items: a step repeats items")
    }
    return traps
  }
}
