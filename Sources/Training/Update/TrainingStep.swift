import FulcrumKernel

/// Runs one training step on a rollout: advantages, phases, update.
package struct TrainingStep {
  package let components: StepComponents

  package init(components: StepComponents) { self.components = components }

  package struct Result {
    package let advantages: [Float]
    /// The metrics that transforms and the schedule report.
    package let sums: MetricSums
    package let report: UpdateReport
    /// Seconds for old and reference log-probabilities, advantages and phases.
    package let scoringSeconds: Double
    package let updateSeconds: Double
    /// The directions in which the update moved tokens; `nil` if they were not measured.
    package let direction: UpdateDirection?
    package let probeSeconds: Double
  }

  /// - Parameters:
  ///   - step: from 1.
  ///   - hasMoved: set once an optimiser step was taken, also if something throws after it.
  package func run(
    _ rollout: Rollout, step: UInt32, learningRate: Double, hasMoved: inout Bool
  ) throws(FulcrumError) -> Result {
    let clock = ContinuousClock()
    let started = clock.now
    let options = components.options
    let isMasked = options.masksTruncated ? rollout.isFinished.map { !$0 } : nil
    let minibatches = Minibatch.cut(
      rollout.sequences, prompts: options.minibatchPrompts, aggregation: options.aggregation,
      isMasked: isMasked)
    let columns = try BatchColumns(
      policy: components.policy, reference: components.reference,
      temperature: options.temperature, recomputesOld: options.recomputesOldLogProbabilities
    ).columns(components.needs, of: rollout)
    let batch = RolloutBatch(
      sequences: rollout.sequences, rewards: rollout.rewards, isFinished: rollout.isFinished,
      columns: columns, step: step, minibatchOffsets: minibatches.offsets)
    try components.begin(batch)
    var sums = MetricSums()
    let advantages = try AdvantageChain.run(components.transforms, on: batch, metrics: &sums)
    var plan = UpdatePlan(iterations: options.iterations)
    if let scheduler = components.scheduler {
      plan = UpdatePlan(
        phases: try PhaseCheck.phases(
          of: scheduler, for: batch, advantages: advantages, metrics: &sums),
        nesting: scheduler.component.nesting, iterations: options.iterations)
    }
    let prepared = clock.now
    let update = PolicyUpdate(
      policy: components.policy, objectives: components.objectives,
      temperature: options.temperature, learningRate: learningRate)
    let report = try update.run(
      batch, advantages: advantages, plan: plan, minibatches: minibatches,
      agreement: SamplerAgreement(
        sampled: rollout.logProbabilities, limit: options.differenceLimit,
        meanLimit: options.meanDifferenceLimit), hasMoved: &hasMoved)
    let updated = clock.now
    var direction: UpdateDirection?
    if options.probedShare > 0, !report.gradientNorms.isEmpty {
      direction = try UpdateDirection(
        of: rollout, before: columns[.oldLogProbabilities] ?? rollout.logProbabilities,
        advantages: advantages, share: options.probedShare, step: step,
        by: components.policy, temperature: options.temperature)
    }
    return Result(
      advantages: advantages, sums: sums, report: report,
      scoringSeconds: (prepared - started) / .seconds(1),
      updateSeconds: (updated - prepared) / .seconds(1), direction: direction,
      probeSeconds: (clock.now - updated) / .seconds(1))
  }
}
