import Files
import Foundation
import FulcrumKernel
import JSON
import Settings
import Stages
import Training

/// Takes a run's steps one after the other, and writes their results.
struct TrainingLoop {
  private let step: TrainingStep
  private let directory: RunDirectory
  private let rate: LearningRate
  private let samples: SampleLog
  private let events: EventLog?
  private let rewardNames: [String]
  /// Whether whole rollouts are written.
  private let records: Bool
  /// The most steps in a row that may skip optimiser steps.
  private let maximumSkipped: Int
  private var source: any RolloutSource
  let reference: ReferenceUpdate
  private(set) var counters: RunCounters
  /// What components carry on, as it was after the last whole step.
  private(set) var states: ComponentStates
  /// Whether the policy has changed since the last whole step.
  private(set) var hasMoved = false

  init(
    _ components: RunComponents, directory: RunDirectory, reference: ReferenceUpdate,
    counters: RunCounters, ahead: Generation?, events: EventLog?
  ) throws(FulcrumError) {
    let configuration = components.configuration
    step = TrainingStep(components: components.training)
    states = try ComponentStates(of: components.training)
    self.directory = directory
    self.reference = reference
    self.counters = counters
    self.events = events
    rate = configuration.update.learningRate.schedule(steps: configuration.general.steps)
    samples = SampleLog(
      configuration.logging, directory: directory, rewards: components.rewards)
    rewardNames = components.rewards.map(\.name)
    records = configuration.logging.records
    maximumSkipped = configuration.update.maximumSkipped
    source = try components.trainingSource(after: counters, ahead: ahead)
  }

  /// The last step that there is a rollout for; `nil`: there is no end.
  var lastStep: Int? { source.lastStep }

  /// Returns what was sampled ahead for the step after those that are done; waits for it.
  mutating func ahead() throws(FulcrumError) -> Generation? {
    try source.ahead(of: UInt32(counters.step + 1))
  }

  /// Takes a step and writes its metrics and samples.
  ///
  /// - Parameter number: from 1.
  /// - Throws: what a component throws; `.notFinite` if too many steps in a row had gradients that
  ///   are not finite. A rollout on which a step failed is in `faults/`.
  mutating func step(_ number: Int) throws(FulcrumError) -> Metrics {
    let clock = ContinuousClock()
    let began = clock.now
    let learningRate = rate.rate(step: number)
    let step = UInt32(number)
    hasMoved = false
    StageMark.begin(step: number)
    let collected = try source.next(step: step)
    let sampled = clock.now
    if records { try write(collected, step: step, to: directory.rollouts) }
    let result: TrainingStep.Result
    do {
      result = try self.step.run(
        collected.rollout, step: step, learningRate: learningRate, hasMoved: &hasMoved)
    } catch {
      throw keeping(collected, step: step, for: error)
    }
    var next = counters
    next.step = number
    next.tokens += collected.sampledTokens
    next.consumedItems = source.consumedItems
    next.skippedInARow = result.report.skipped.isEmpty ? 0 : counters.skippedInARow + 1
    if let fault = result.report.skipped.last, next.skippedInARow > maximumSkipped {
      throw keeping(
        collected, step: step,
        for: FulcrumError(
          .notFinite,
          "\(next.skippedInARow) steps in a row skipped optimiser steps, more than the"
            + " \(maximumSkipped) of update.max-skipped; the last: \(fault.message)",
          at: fault.location, hint: fault.hint))
    }
    try reference.stepEnded(number)
    states = try ComponentStates(of: self.step.components)
    counters = next
    var metrics = Metrics()
    metrics.describe(collected, rewardNames: rewardNames)
    result.report.describe(in: &metrics, learningRate: learningRate)
    metrics.set(result.sums)
    result.direction?.describe(in: &metrics)
    metrics.set("num_tokens", Double(next.tokens))
    let seconds = (clock.now - began) / .seconds(1)
    metrics.set(MetricName.stepTime, seconds)
    metrics.set("time/rollout", (sampled - began) / .seconds(1))
    metrics.set("time/scoring", result.scoringSeconds)
    metrics.set("time/update", result.updateSeconds)
    metrics.set("time/probe", result.probeSeconds)
    metrics.set(
      MetricName.tokensPerSecond, Double(collected.rollout.sequences.tokenCount) / seconds)
    try SafeFiles.append(metrics.line(step: number).text, to: directory.metrics)
    let policy = self.step.components.policy
    try samples.write(
      collected, advantages: result.advantages, watch: result.report.watch,
      tokens: SampleTokens { tokens in
        (try? policy.decode(tokens, keepingSpecialTokens: true)) ?? "\u{FFFD}"
      }, step: number)
    try events?.write(
      metrics, collected, advantages: result.advantages, pulls: result.report.pulls, step: number)
    return metrics
  }

  private func write(_ collected: CollectedRollout, step: UInt32, to folder: String)
    throws(FulcrumError)
  {
    try SafeFiles.makeFolder(folder)
    try RolloutRecord.write(
      collected, step: step, temperature: self.step.components.options.temperature,
      consumed: source.consumedItems, to: RolloutRecord.path(step: step, in: folder))
  }

  /// Returns the error, with the path where the rollout was written down.
  private func keeping(_ collected: CollectedRollout, step: UInt32, for error: FulcrumError)
    -> FulcrumError
  {
    guard (try? write(collected, step: step, to: directory.faults)) != nil else { return error }
    var error = error
    let before = step > 1 ? " --from \(step - 1)" : ""
    let place =
      "the step's rollout is kept: 'fulcrum replay \(directory.path) --rollouts"
      + " \(directory.faults)\(before)' repeats the step"
    error.hint = error.hint.map { "\($0); \(place)" } ?? place
    return error
  }
}
