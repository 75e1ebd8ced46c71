import Foundation
import FulcrumKernel

/// What a run's step is made of: a rollout's judges and the update's parts, all by protocol.
package struct StepComponents {
  package let sampler: RolloutSampler
  /// Present only if some component reads reference log-probabilities.
  package private(set) var reference: (any PolicyModel)? = nil
  package let transforms: [Named<any AdvantageTransform>]
  /// `nil`: one phase with every token.
  package let scheduler: Named<any UpdateScheduler>?
  package let objective: Named<any PolicyObjective>
  package let minibatchPrompts: Int
  /// As `PolicyUpdate.differenceLimit`.
  package let differenceLimit: Double
  package let recomputesOldLogProbabilities: Bool

  package init(
    sampler: RolloutSampler, transforms: [Named<any AdvantageTransform>],
    scheduler: Named<any UpdateScheduler>?, objective: Named<any PolicyObjective>,
    minibatchPrompts: Int, recomputesOldLogProbabilities: Bool, differenceLimit: Double
  ) {
    self.sampler = sampler
    self.transforms = transforms
    self.scheduler = scheduler
    self.objective = objective
    self.minibatchPrompts = minibatchPrompts
    self.differenceLimit = differenceLimit
    self.recomputesOldLogProbabilities = recomputesOldLogProbabilities
  }

  package var policy: any PolicyModel { sampler.policy }

  package func with(reference: any PolicyModel) -> StepComponents {
    var copy = self
    copy.reference = reference
    return copy
  }

  /// The columns that some component declared.
  package var needs: Set<Column> {
    var needs = objective.component.needs
    for transform in transforms { needs.formUnion(transform.component.needs) }
    if let scheduler { needs.formUnion(scheduler.component.needs) }
    return needs
  }
}

/// One training step: rollout, advantages, phases, update.
package struct TrainingStep {
  package let components: StepComponents

  package init(components: StepComponents) { self.components = components }

  /// The time that each part took, in seconds.
  package struct Timing {
    package var rollout = 0.0
    /// Old and reference log-probabilities, advantages and phases.
    package var scoring = 0.0
    package var update = 0.0
  }

  package struct Result {
    package let rollout: Rollout
    package let advantages: [Float]
    package let metrics: Metrics
    package let timing: Timing
  }

  /// - Parameter step: from 1.
  package func run(_ items: [TaskItem], step: Int, learningRate: Double) throws(FulcrumError)
    -> Result
  {
    var timing = Timing()
    let clock = ContinuousClock()
    let started = clock.now
    let rollout = try components.sampler.collect(items, step: UInt32(step))
    let sampled = clock.now
    let batch = try columns(of: rollout)
    let advantages = try advantages(of: batch)
    let phases = try phases(of: batch, advantages: advantages)
    let prepared = clock.now
    let update = PolicyUpdate(
      policy: components.policy, objective: components.objective,
      temperature: components.sampler.temperature, minibatchPrompts: components.minibatchPrompts,
      learningRate: learningRate, differenceLimit: components.differenceLimit)
    let report = try update.run(
      batch.sequences,
      columns: PolicyUpdate.Columns(
        advantages: advantages,
        rolloutLogProbabilities: rollout.generation.logProbabilities,
        oldLogProbabilities: try values(of: .oldLogProbabilities, in: batch),
        referenceLogProbabilities: try values(of: .referenceLogProbabilities, in: batch)),
      phases: phases)
    timing.rollout = (sampled - started) / .seconds(1)
    timing.scoring = (prepared - sampled) / .seconds(1)
    timing.update = (clock.now - prepared) / .seconds(1)
    var metrics = Metrics()
    metrics.describe(rollout, rewardNames: components.sampler.rewards.map(\.name))
    report.describe(in: &metrics, learningRate: learningRate)
    return Result(rollout: rollout, advantages: advantages, metrics: metrics, timing: timing)
  }

  /// The rollout with the columns that components declared, and no others.
  private func columns(of rollout: Rollout) throws(FulcrumError) -> RolloutBatch {
    let needs = components.needs
    var columns: [Column: [Float]] = [:]
    if needs.contains(.rolloutLogProbabilities) {
      columns[.rolloutLogProbabilities] = rollout.generation.logProbabilities
    }
    let wantsScores = needs.contains(.entropies) || needs.contains(.levers)
    let wantsOld = needs.contains(.oldLogProbabilities)
    if wantsScores || (wantsOld && components.recomputesOldLogProbabilities) {
      let scored = try score(rollout.sequences, by: components.policy)
      columns[.oldLogProbabilities] = scored.logProbabilities
      columns[.entropies] = scored.entropies
      columns[.levers] = scored.levers
    } else if wantsOld {
      columns[.oldLogProbabilities] = rollout.generation.logProbabilities
    }
    if needs.contains(.referenceLogProbabilities), let reference = components.reference {
      columns[.referenceLogProbabilities] = try score(
        rollout.sequences, by: reference
      ).logProbabilities
    }
    return RolloutBatch(
      sequences: rollout.sequences, rewards: rollout.rewards,
      isFinished: rollout.generation.isFinished, columns: columns)
  }

  private func score(_ sequences: SequenceBatch, by policy: any PolicyModel) throws(FulcrumError)
    -> (logProbabilities: [Float], entropies: [Float], levers: [Float])
  {
    var result: (logProbabilities: [Float], entropies: [Float], levers: [Float]) = ([], [], [])
    try policy.score(
      sequences, sequences: 0..<sequences.sequenceCount,
      temperature: components.sampler.temperature
    ) { (_, scores) throws(FulcrumError) in
      let (logs, entropies, levers) = (scores.logProbabilities, scores.entropies, scores.levers)
      for i in logs.indices {
        result.logProbabilities.append(logs[i])
        result.entropies.append(entropies[i])
        result.levers.append(levers[i])
      }
    }
    return result
  }

  private func values(of column: Column, in batch: RolloutBatch) throws(FulcrumError) -> [Float] {
    batch.has(column) ? try batch.column(column).array : []
  }

  /// Starts from each sequence's reward on its tokens and runs the chain of transforms.
  private func advantages(of batch: RolloutBatch) throws(FulcrumError) -> [Float] {
    let sequences = batch.sequences
    let rewards = batch.rewards
    var advantages: [Float] = []
    advantages.reserveCapacity(sequences.tokenCount)
    for sequence in 0..<sequences.sequenceCount {
      let count = sequences.tokens(ofSequence: sequence).count
      advantages.append(contentsOf: repeatElement(rewards[sequence], count: count))
    }
    for transform in components.transforms {
      var span = advantages.mutableSpan
      do {
        try transform.component.transform(&span, of: batch)
      } catch {
        throw error.within("advantage \(transform.name)")
      }
      if let place = advantages.firstIndex(where: { !$0.isFinite }) {
        throw FulcrumError(
          .pluginFault, "expected finite advantages, got \(advantages[place]) for token \(place)",
          at: "advantage \(transform.name)")
      }
    }
    return advantages
  }

  private func phases(of batch: RolloutBatch, advantages: [Float]) throws(FulcrumError)
    -> [UpdatePhase]
  {
    guard let scheduler = components.scheduler else { return [UpdatePhase(name: "all")] }
    let phases: [UpdatePhase]
    do {
      phases = try scheduler.component.phases(for: batch, advantages: advantages.span)
    } catch {
      throw error.within("schedule \(scheduler.name)")
    }
    guard !phases.isEmpty else {
      throw FulcrumError(
        .pluginFault, "expected at least one phase, got none", at: "schedule \(scheduler.name)")
    }
    for phase in phases {
      let count = phase.participates?.count ?? batch.sequences.tokenCount
      guard count == batch.sequences.tokenCount else {
        throw FulcrumError(
          .pluginFault,
          "expected a mask of \(batch.sequences.tokenCount) tokens, got \(count) in phase"
            + " '\(phase.name)'", at: "schedule \(scheduler.name)")
      }
    }
    return phases
  }
}
