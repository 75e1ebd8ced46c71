import FulcrumKernel

/// One training step on a rollout: advantages, phases, update.
package struct TrainingStep {
  package let components: StepComponents

  package init(components: StepComponents) { self.components = components }

  package struct Result {
    package let advantages: [Float]
    package let report: UpdateReport
    /// Seconds for old and reference log-probabilities, advantages and phases.
    package let scoringSeconds: Double
    package let updateSeconds: Double
    /// Where tokens went; `nil`: it was not looked at.
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
    let batch = try batch(of: rollout, step: step, minibatchOffsets: minibatches.offsets)
    let advantages = try AdvantageChain.run(components.transforms, on: batch)
    var plan = UpdatePlan(iterations: options.iterations)
    if let scheduler = components.scheduler {
      plan = UpdatePlan(
        phases: try PhaseCheck.phases(of: scheduler, for: batch, advantages: advantages),
        nesting: scheduler.component.nesting, iterations: options.iterations)
    }
    let prepared = clock.now
    let update = PolicyUpdate(
      policy: components.policy, objectives: components.objectives,
      temperature: options.temperature, learningRate: learningRate)
    let report = try update.run(
      batch, advantages: advantages, plan: plan, minibatches: minibatches,
      agreement: SamplerAgreement(
        sampled: rollout.logProbabilities, limit: options.differenceLimit), hasMoved: &hasMoved)
    let updated = clock.now
    var direction: UpdateDirection?
    if options.probedShare > 0, !report.gradientNorms.isEmpty {
      direction = try UpdateDirection(
        of: rollout, advantages: advantages, share: options.probedShare, step: step,
        by: components.policy, temperature: options.temperature)
    }
    return Result(
      advantages: advantages, report: report,
      scoringSeconds: (prepared - started) / .seconds(1),
      updateSeconds: (updated - prepared) / .seconds(1), direction: direction,
      probeSeconds: (clock.now - updated) / .seconds(1))
  }

  /// The rollout with the columns that components declared, and no others.
  private func batch(of rollout: Rollout, step: UInt32, minibatchOffsets: [Int])
    throws(FulcrumError) -> RolloutBatch
  {
    let needs = components.needs
    let options = components.options
    let sequences = rollout.sequences
    let all = 0..<sequences.sequenceCount
    var columns: [Column: [Float]] = [:]
    if needs.contains(.rolloutLogProbabilities) {
      columns[.rolloutLogProbabilities] = rollout.logProbabilities
    }
    let wantsScores = needs.contains(.entropies) || needs.contains(.levers)
    let wantsOld = needs.contains(.oldLogProbabilities)
    if wantsOld { columns[.oldLogProbabilities] = rollout.logProbabilities }
    if wantsScores || (wantsOld && options.recomputesOldLogProbabilities) {
      let scored = try ScoredColumns(
        of: sequences, sequences: all, by: components.policy, temperature: options.temperature)
      if options.recomputesOldLogProbabilities {
        columns[.oldLogProbabilities] = scored.logProbabilities
      }
      columns[.entropies] = scored.entropies
      columns[.levers] = scored.levers
    }
    if needs.contains(.referenceLogProbabilities), let reference = components.reference {
      columns[.referenceLogProbabilities] = try ScoredColumns(
        of: sequences, sequences: all, by: reference, temperature: options.temperature
      ).logProbabilities
    }
    return RolloutBatch(
      sequences: sequences, rewards: rollout.rewards, isFinished: rollout.isFinished,
      columns: columns, step: step, minibatchOffsets: minibatchOffsets)
  }
}
