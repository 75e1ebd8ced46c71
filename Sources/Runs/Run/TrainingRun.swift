import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import Training

/// Takes a run from its first step, or from a checkpoint, to its last.
struct TrainingRun {
  let components: RunComponents
  let directory: RunDirectory
  /// The checkpoint to go on from, of this run or of the one that it begins from; `nil`: the run
  /// begins at step 0.
  let start: Checkpoint?
  let observer: any RunObserver

  enum Ending: Sendable {
    /// The run did all steps. Holds held-out accuracy before, where it is known, and after.
    case completed(before: Evaluation?, after: Evaluation)
    /// The run was asked to stop; a checkpoint holds this step.
    case interrupted(step: Int)
  }

  /// - Parameter components: the run's components; their reference is the start's.
  init(
    _ components: RunComponents, directory: RunDirectory, start: Checkpoint?,
    observer: any RunObserver
  ) {
    self.components = components
    self.directory = directory
    self.start = start
    self.observer = observer
  }

  /// - Parameter shouldStop: asked after each step.
  func run(shouldStop: () -> Bool) throws(FulcrumError) -> Ending {
    let configuration = components.configuration
    let reference = try ReferenceUpdate(
      configuration.reference, policy: components.policy,
      reference: components.training.reference)
    if let start { try components.policy.loadOptimizer(from: start.optimizer) }
    let counters = start?.counters ?? RunCounters()
    try directory.rewind(to: counters.step)
    let keep = configuration.checkpoint.keep
    try directory.prune(keep: keep)
    let checkpointEvery = configuration.checkpoint.every
    let evaluateEvery = configuration.evaluation.every
    let heldOut = try components.setup.heldOutItems()
    let first = counters.step
    let events = EventLog(configuration.logging, directory: directory)
    let before = try evaluationBefore(heldOut, events)
    var loop = TrainingLoop(
      components, directory: directory, reference: reference, counters: counters, events: events)
    let configured = configuration.general.steps
    let steps = min(configured, loop.lastStep ?? configured)
    // A kill can come between a checkpoint and the evaluation after it.
    if isResumed, evaluateEvery > 0, first > 0, first % evaluateEvery == 0, first < steps {
      _ = try evaluation(heldOut, step: first, events)
    }
    var saved = start?.counters.step
    let began = ContinuousClock.now
    for number in stride(from: first + 1, through: steps, by: 1) {
      let metrics: Metrics
      do {
        metrics = try loop.step(number)
      } catch {
        // The training up to here is worth keeping, unless the failed step changed the policy.
        if !loop.hasMoved, loop.counters.step > 0, saved != loop.counters.step,
          let kept = try? save(loop, keep: keep)
        {
          observer.note("checkpoint \(kept.path)")
        }
        throw error.within("step \(number)")
      }
      let elapsed = (ContinuousClock.now - began) / .seconds(1)
      observer.stepEnded(
        number, of: steps, metrics: metrics,
        secondsLeft: elapsed / Double(number - first) * Double(steps - number))
      let stops = shouldStop() && number < steps
      if stops || number == steps || (checkpointEvery > 0 && number % checkpointEvery == 0) {
        let checkpoint = try save(loop, keep: keep)
        saved = number
        observer.note("checkpoint \(checkpoint.path)")
      }
      if stops { return .interrupted(step: number) }
      if evaluateEvery > 0, number % evaluateEvery == 0, number < steps {
        _ = try evaluation(heldOut, step: number, events)
      }
    }
    let after = try evaluation(heldOut, step: steps, events)
    return .completed(before: before, after: after)
  }

  /// Whether the run goes on from a checkpoint of its own.
  private var isResumed: Bool {
    start.map { $0.path == directory.checkpoint(step: $0.step) } ?? false
  }

  private func save(_ loop: TrainingLoop, keep: Int) throws(FulcrumError) -> Checkpoint {
    do throws(FulcrumError) {
      try directory.sync()
      return try Checkpoint.write(
        components.policy, counters: loop.counters, in: directory, keep: keep,
        addReference: { (folder) throws(FulcrumError) in try loop.reference.save(to: folder) })
    } catch {
      throw error.within("the checkpoint of step \(loop.counters.step)")
    }
  }

  /// Returns held-out accuracy before the first step. A run that goes on has another policy by now,
  /// so if the record of that evaluation is lost, the accuracy is not known any more.
  private func evaluationBefore(_ items: [TaskItem], _ events: EventLog?) throws(FulcrumError)
    -> Evaluation?
  {
    isResumed
      ? Evaluation.read(step: 0, from: directory) : try evaluation(items, step: 0, events)
  }

  /// Evaluates and writes the result down, or reads the result back if the step was evaluated
  /// already.
  private func evaluation(_ items: [TaskItem], step: Int, _ events: EventLog?)
    throws(FulcrumError) -> Evaluation
  {
    if let known = Evaluation.read(step: step, from: directory) {
      try events?.write(known, step: step)
      return known
    }
    let result = try components.evaluator.run(items) {
      observer.evaluated($0, of: items.count)
    }
    guard !items.isEmpty else { return result }
    try SafeFiles.append(result.line(step: step).text, to: directory.evaluations)
    try events?.write(result, step: step)
    observer.note("held out, after step \(step): " + EvaluationTable.line(result))
    return result
  }
}
