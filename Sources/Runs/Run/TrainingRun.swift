import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import Training

/// Takes a run from its first step, or from a checkpoint, to its last.
struct TrainingRun {
  let components: RunComponents
  /// The items of evaluations.
  let heldOut: HeldOutItems
  let directory: RunDirectory
  /// The checkpoint to go on from, of this run or of the one that it begins from; `nil`: the run
  /// begins at step 0.
  let start: Checkpoint?
  let observer: any RunObserver

  enum Ending: Sendable {
    /// The run did all steps. Holds held-out accuracy before, where it is known, and after.
    case completed(before: Evaluation?, after: Evaluation)
    /// The run was asked to stop; a checkpoint holds this step, unless it is step 0.
    case interrupted(step: Int)
  }

  /// - Parameter components: the run's components; their reference is the start's.
  init(
    _ components: RunComponents, heldOut: HeldOutItems, directory: RunDirectory, start: Checkpoint?,
    observer: any RunObserver
  ) {
    self.components = components
    self.heldOut = heldOut
    self.directory = directory
    self.start = start
    self.observer = observer
  }

  /// - Parameter shouldStop: asked after each step, and when a component gave up its work because of
  ///   a request to stop.
  func run(shouldStop: () -> Bool) throws(FulcrumError) -> Ending {
    var saved = start?.counters.step ?? 0
    do throws(FulcrumError) {
      return try run(saved: &saved, shouldStop: shouldStop)
    } catch {
      guard error.code == .stopped, shouldStop() else { throw error }
      return .interrupted(step: saved)
    }
  }

  /// - Parameter saved: the step that the newest checkpoint holds.
  private func run(saved: inout Int, shouldStop: () -> Bool) throws(FulcrumError) -> Ending {
    let configuration = components.configuration
    let reference = try ReferenceUpdate(
      configuration.reference, policy: components.policy,
      reference: components.training.reference)
    if let start {
      try components.policy.loadOptimizer(from: start.optimizer)
      try restoreStates(from: start)
    }
    let counters = start?.counters ?? RunCounters()
    let first = counters.step
    let evaluateEvery = configuration.evaluation.every
    let isEvaluated = first == 0 || evaluateEvery > 0 && first % evaluateEvery == 0
    try directory.rewind(
      to: first, keepsEvaluation: isEvaluated || first >= configuration.general.steps)
    let keep = configuration.checkpoint.keep
    try directory.prune(keep: keep)
    let checkpointEvery = configuration.checkpoint.every
    let events = EventLog(configuration.logging, directory: directory)
    let before = try evaluationBefore(heldOut, events)
    var loop = try TrainingLoop(
      components, directory: directory, reference: reference, counters: counters,
      ahead: try sampledAhead(), events: events)
    let configured = configuration.general.steps
    let steps = min(configured, loop.lastStep ?? configured)
    if isResumed, first >= steps { observer.note(finished(after: steps)) }
    // A kill can come between a checkpoint and the evaluation after it.
    if isResumed, first > 0, isEvaluated, first < steps {
      _ = try evaluation(heldOut, step: first, events)
    }
    var watch = SpreadWatch(after: RunDirectory.lines(of: directory.metrics))
    // A group of one has equal rewards always, of which a run is warned before it begins.
    let watches = configuration.rollout.samples > 1
    let began = ContinuousClock.now
    for number in stride(from: first + 1, through: steps, by: 1) {
      let metrics: Metrics
      do {
        metrics = try loop.step(number)
      } catch {
        // The training up to here is worth keeping, unless the failed step changed the policy.
        if !loop.hasMoved, saved != loop.counters.step, let kept = try? save(&loop, keep: keep) {
          saved = loop.counters.step
          observer.note("checkpoint \(kept.path)")
        }
        throw error.within("step \(number)")
      }
      let elapsed = (ContinuousClock.now - began) / .seconds(1)
      observer.stepEnded(
        number, of: steps, metrics: metrics,
        secondsLeft: elapsed / Double(number - first) * Double(steps - number))
      if watches, let warning = watch.add(metrics) { observer.note("warning: \(warning)") }
      let stops = shouldStop() && number < steps
      if stops || number == steps || (checkpointEvery > 0 && number % checkpointEvery == 0) {
        let checkpoint = try save(&loop, keep: keep)
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

  /// Gives components what they carried on, and tells what fits nothing.
  private func restoreStates(from start: Checkpoint) throws(FulcrumError) {
    do throws(FulcrumError) {
      let (missing, unused) = try start.states.restore(components.training)
      for key in missing {
        observer.note("the checkpoint has no state of \(key): it begins anew")
      }
      for key in unused {
        observer.note("the checkpoint's state of \(key) is left out: there is no such component")
      }
    } catch {
      throw FulcrumError(
        error.code, "the state in \(start.path) can't be given back: \(error.message)",
        at: error.location,
        hint: error.hint
          ?? "go on with the library that wrote it, or begin a run from the checkpoint's policy:"
          + " policy.checkpoint")
    }
  }

  /// Whether the run goes on from a checkpoint of its own.
  private var isResumed: Bool {
    start.map { $0.path == directory.checkpoint(step: $0.step) } ?? false
  }

  /// Says that nothing is left to do, and how the run can go on all the same.
  private func finished(after steps: Int) -> String {
    let general = components.configuration.general
    guard general.steps == steps else {
      return "the run is finished: the recorded rollouts end with step \(steps)"
    }
    let remedy =
      components.configuration.update.learningRate.decay == .constant
      ? "'fulcrum resume \(directory.path) --steps N' goes on to step N"
      : RunExtension.newRun(from: directory, step: steps)
    return "the run is finished, all \(steps) steps are done; \(remedy)"
  }

  /// Completions that a run's own checkpoint has of its next step. A new run that begins from a
  /// checkpoint may ask for others.
  private func sampledAhead() throws(FulcrumError) -> Generation? {
    guard isResumed, components.configuration.rollout.isAhead, let start, let file = start.ahead
    else { return nil }
    return try GenerationRecord.read(file, step: start.step + 1)
  }

  private func save(_ loop: inout TrainingLoop, keep: Int) throws(FulcrumError) -> Checkpoint {
    let (reference, counters, states) = (loop.reference, loop.counters, loop.states)
    do throws(FulcrumError) {
      try directory.sync()
      return try Checkpoint.write(
        components.policy, counters: counters, states: states, in: directory, keep: keep,
        ahead: try loop.ahead(),
        addReference: { (folder) throws(FulcrumError) in try reference.save(to: folder) })
    } catch {
      throw error.within("the checkpoint of step \(counters.step)")
    }
  }

  /// Returns held-out accuracy before the first step. A run that goes on has another policy by now,
  /// so if the record of that evaluation is lost, the accuracy is not known any more.
  private func evaluationBefore(_ heldOut: HeldOutItems, _ events: EventLog?) throws(FulcrumError)
    -> Evaluation?
  {
    isResumed
      ? Evaluation.read(step: 0, from: directory) : try evaluation(heldOut, step: 0, events)
  }

  /// Evaluates and writes the result down, or reads the result back if the step was evaluated
  /// already.
  private func evaluation(_ heldOut: HeldOutItems, step: Int, _ events: EventLog?)
    throws(FulcrumError) -> Evaluation
  {
    if let known = Evaluation.read(step: step, from: directory) {
      try events?.write(known, step: step)
      return known
    }
    let items = heldOut.items
    var samples: String?
    // Before the line that says that the step is evaluated.
    if components.configuration.evaluation.writesSamples, !items.isEmpty {
      try SafeFiles.makeFolder(directory.evaluationSamples)
      samples = directory.evaluationSamples + "/step-\(step).jsonl"
    }
    let result = try components.evaluator.run(heldOut, samplesTo: samples) {
      observer.evaluated($0, of: items.count)
    }
    guard !items.isEmpty else { return result }
    try SafeFiles.append(result.line(step: step).text, to: directory.evaluations)
    try events?.write(result, step: step)
    observer.note("held out, after step \(step): " + EvaluationTable.line(result))
    return result
  }
}
