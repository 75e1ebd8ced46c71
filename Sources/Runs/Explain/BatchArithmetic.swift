import FulcrumKernel
import JSON
import Settings
import Training

/// Works out how many prompts, completions, tokens and optimiser steps a configuration leads to.
package struct BatchArithmetic {
  package let steps: Int
  package let prompts: Int
  package let samples: Int
  package let minibatchPrompts: Int
  package let maximumTokens: Int
  package let iterations: Int
  package let schedule: SchedulerProbe
  /// The number of training items; `nil`: the task has no end.
  let trainingItems: Int?
  /// The number of the policy's parameters; `nil`: the policy doesn't say.
  package let parameterCount: Int?
  let hasReference: Bool
  package let temperature: Double
  let sampling: SamplingOptions
  /// The most rounds of sampling that a step may take.
  let maximumRounds: Int

  package init(_ components: RunComponents) throws(FulcrumError) {
    let rollout = components.configuration.rollout
    let training = components.training
    steps = components.configuration.general.steps
    prompts = rollout.prompts
    samples = rollout.samples
    maximumTokens = rollout.maximumTokens
    temperature = rollout.temperature
    sampling = rollout.sampling
    maximumRounds = (rollout.maximumRefills ?? 0) + 1
    minibatchPrompts = training.options.minibatchPrompts
    iterations = training.options.iterations
    schedule = try SchedulerProbe(try components.setup.makeScheduler())
    trainingItems = components.setup.task.trainingCount
    parameterCount = (components.policy as? any DescribedPolicy)?.parameterCount
    hasReference = training.reference != nil
  }

  package var completions: Int { prompts * samples }
  package var minibatches: Int { (prompts + minibatchPrompts - 1) / max(1, minibatchPrompts) }
  package var optimizerSteps: Int { minibatches * schedule.phases.count * iterations }
  /// The bytes of weights, gradient and two moments, and of a reference if there is one, where the policy
  /// itself has no better answer (`MemoryEstimate`).
  package var stateBytes: Int? { parameterCount.map { $0 * 4 * (hasReference ? 5 : 4) } }

  /// The results, as lines of label and value.
  package func lines(_ memory: MemoryEstimate?) -> [(label: String, value: String)] {
    let rounds = maximumRounds > 1 ? ", in up to \(maximumRounds) rounds of sampling" : ""
    let order = schedule.phases.count > 1 ? " (\(schedule.nesting.rawValue))" : ""
    let steps =
      "mini-batches \(minibatches) × phases \(schedule.phases.count) × iterations \(iterations)"
      + " = \(optimizerSteps) a step, \(optimizerSteps * self.steps) in the run"
    var state = memory?.lines ?? []
    if memory == nil, let parameterCount, let stateBytes {
      state = [
        (
          "memory",
          "\(Self.bytes(stateBytes)) for \(parameterCount) parameters in f32: weights, gradient, two"
            + " moments" + (hasReference ? ", reference" : "")
        )
      ]
    }
    return [
      ("prompts a step", "\(prompts)\(rounds)"),
      ("completions a step", "\(prompts) × \(samples) = \(completions)"),
      (
        "tokens a step",
        "at most \(completions) × \(maximumTokens) = \(completions * maximumTokens)"
      ),
      ("draws", draws),
      (
        "mini-batches",
        "\(minibatches) of " + Counted.text(minibatchPrompts, "prompt") + " = "
          + Counted.text(minibatchPrompts * samples, "completion")
      ),
      ("phases", schedule.phases.joined(separator: ", then ") + order),
      ("optimiser steps", steps),
      ("whole run", wholeRun),
    ] + state
  }

  private var draws: String {
    let stops = sampling.stopStrings.map { JSONWriter.compact(.string($0)) }
    return (["temperature = \(temperature)"] + sampling.cuts).joined(separator: ", ")
      + (stops.isEmpty ? "" : "; stop at " + stops.joined(separator: ", "))
  }

  private var wholeRun: String {
    let total =
      Counted.text(steps, "step") + ", " + Counted.text(prompts * steps, "prompt") + ", "
      + Counted.text(completions * steps, "completion")
    guard let trainingItems else { return total }
    let epochs = Self.decimal(Double(prompts * steps) / Double(max(1, trainingItems)))
    return "\(total), \(epochs) times through " + Counted.text(trainingItems, "training item")
  }

  static func decimal(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    return "\(tenths)"
  }

  static func bytes(_ count: Int) -> String {
    let mebibytes = Double(count) / 1_048_576
    return mebibytes < 1024 ? "\(decimal(mebibytes)) MiB" : "\(decimal(mebibytes / 1024)) GiB"
  }
}
