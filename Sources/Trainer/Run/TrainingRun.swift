import Foundation
import FulcrumKernel

/// A run from its first step, or from a checkpoint, to its last.
package struct TrainingRun {
  package let setup: RunSetup
  package let directory: RunDirectory
  /// The checkpoint to go on from; `nil`: the run begins.
  package let start: Checkpoint?
  package let observer: any RunObserver

  package enum Ending: Sendable {
    /// All steps are done; held-out accuracy before and after.
    case completed(before: Evaluation, after: Evaluation)
    /// Asked to stop; a checkpoint holds this step.
    case interrupted(step: Int)
  }

  package init(
    setup: RunSetup, directory: RunDirectory, start: Checkpoint?, observer: any RunObserver
  ) {
    self.setup = setup
    self.directory = directory
    self.start = start
    self.observer = observer
  }

  /// - Parameter shouldStop: asked after each step.
  package func run(shouldStop: () -> Bool) throws(FulcrumError) -> Ending {
    let configuration = setup.configuration
    let components = try setup.stepComponents()
    let policy = setup.policy
    if let start {
      try policy.loadOptimizer(from: start.optimizer)
      try directory.rewind(to: start.step)
    }
    let steps = try configuration.general.integer("steps")
    let rate = try LearningRate(configuration.update, steps: steps)
    let checkpointEvery = try configuration.checkpoint.integer("every")
    let keep = try configuration.checkpoint.integer("keep")
    let evaluateEvery = try configuration.evaluation.integer("every")
    let samples = try SampleLog(configuration.logging, directory: directory)
    let heldOut = try setup.heldOutItems()
    let first = start?.step ?? 0
    let before = try evaluation(heldOut, step: 0, isKnown: first > 0)
    let step = TrainingStep(components: components)
    var order = TaskOrder(
      task: setup.task, promptsPerStep: try configuration.rollout.integer("prompts"),
      seed: setup.seed)
    var tokens = start?.tokens ?? 0
    var saved = first
    let began = ContinuousClock.now
    for number in stride(from: first + 1, through: steps, by: 1) {
      let stepBegan = ContinuousClock.now
      let learningRate = rate.rate(step: number)
      let result: TrainingStep.Result
      do {
        result = try step.run(
          try order.items(step: number), step: number, learningRate: learningRate)
      } catch {
        throw error.within("step \(number)")
      }
      tokens += result.rollout.sequences.tokenCount
      var metrics = result.metrics
      metrics.set("num_tokens", Double(tokens))
      metrics.describe(
        result.timing, seconds: (ContinuousClock.now - stepBegan) / .seconds(1),
        sequences: result.rollout.sequences)
      try SafeFiles.append(metrics.line(step: number).text, to: directory.metrics)
      try samples.write(result, step: number)
      let elapsed = (ContinuousClock.now - began) / .seconds(1)
      observer.stepEnded(
        number, of: steps, metrics: metrics,
        secondsLeft: elapsed / Double(number - first) * Double(steps - number))
      let stops = shouldStop() && number < steps
      if stops || number == steps || (checkpointEvery > 0 && number % checkpointEvery == 0) {
        let checkpoint = try Checkpoint.write(
          policy, step: number, tokens: tokens, in: directory, keep: keep)
        saved = number
        observer.note("checkpoint \(checkpoint.path)")
      }
      if stops { return .interrupted(step: saved) }
      if evaluateEvery > 0, number % evaluateEvery == 0, number < steps {
        _ = try evaluation(heldOut, step: number, isKnown: false)
      }
    }
    let after = try evaluation(heldOut, step: steps, isKnown: first >= steps)
    return .completed(before: before, after: after)
  }

  /// Evaluates and writes the result down, or reads it back if that was done already.
  private func evaluation(_ items: [TaskItem], step: Int, isKnown: Bool) throws(FulcrumError)
    -> Evaluation
  {
    if isKnown, let known = Evaluation.read(step: step, from: directory) { return known }
    let result = try Evaluation.run(items, by: try setup.sampler(forEvaluation: true))
    guard !items.isEmpty else { return result }
    try SafeFiles.append(result.line(step: step).text, to: directory.evaluations)
    let rows = result.rows.map { "\($0.category) \(String(format: "%.1f %%", 100 * $0.accuracy))" }
    observer.note("held out, after step \(step): " + rows.joined(separator: ", "))
    return result
  }
}

extension Metrics {
  /// Time fields: the only ones that differ between two runs of one configuration.
  mutating func describe(
    _ timing: TrainingStep.Timing, seconds: Double, sequences: SequenceBatch
  ) {
    set("step_time", seconds)
    set("time/rollout", timing.rollout)
    set("time/scoring", timing.scoring)
    set("time/update", timing.update)
    set("tokens_per_second", Double(sequences.tokenCount) / seconds)
  }

  /// One line of `metrics.jsonl`.
  package func line(step: Int) -> JSONLine {
    JSONLine([("step", .number(Double(step)))] + entries.map { ($0.name, .number($0.value)) })
  }
}
