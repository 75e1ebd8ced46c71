import Foundation
import FulcrumKernel

/// The update of one step: for each phase and mini-batch, weights, gradient, optimiser step.
package struct PolicyUpdate {
  package let policy: any PolicyModel
  package let objective: Named<any PolicyObjective>
  package let temperature: Float
  package let minibatchPrompts: Int
  package let learningRate: Double
  /// Largest |log π in training − log π as sampled| of a token that is no fault, in nats.
  package let differenceLimit: Double

  package init(
    policy: any PolicyModel, objective: Named<any PolicyObjective>, temperature: Float,
    minibatchPrompts: Int, learningRate: Double, differenceLimit: Double
  ) {
    self.policy = policy
    self.objective = objective
    self.temperature = temperature
    self.minibatchPrompts = minibatchPrompts
    self.learningRate = learningRate
    self.differenceLimit = differenceLimit
  }

  /// What the step did, for metrics.
  package struct Report {
    package var sums = MetricSums()
    package var intervals = ProbabilityIntervals()
    package var loss = 0.0
    package var gradientNorms: [(phase: String, norm: Double)] = []
    package var clippedSteps = 0
    /// Tokens that took part, by phase.
    package var phaseTokens: [(phase: String, tokens: Int)] = []
    /// The largest |log π now − log π as sampled| before any parameter moved.
    package var logProbabilityDifference = 0.0
  }

  /// The batch's columns, flat over its completion tokens; one that no component reads is empty.
  package struct Columns {
    package var advantages: [Float]
    package var rolloutLogProbabilities: [Float]
    package var oldLogProbabilities: [Float]
    package var referenceLogProbabilities: [Float]

    package init(
      advantages: [Float], rolloutLogProbabilities: [Float], oldLogProbabilities: [Float] = [],
      referenceLogProbabilities: [Float] = []
    ) {
      self.advantages = advantages
      self.rolloutLogProbabilities = rolloutLogProbabilities
      self.oldLogProbabilities = oldLogProbabilities
      self.referenceLogProbabilities = referenceLogProbabilities
    }
  }

  /// Runs every phase through every mini-batch.
  ///
  /// A mini-batch without a token of the phase is left out: an optimiser step on nothing would
  /// still move the parameters, by momentum.
  package func run(_ sequences: SequenceBatch, columns: Columns, phases: [UpdatePhase])
    throws(FulcrumError) -> Report
  {
    var report = Report()
    for phase in phases {
      let participants = phase.participates?.count(where: \.self) ?? sequences.tokenCount
      report.phaseTokens.append((phase.name, participants))
      for first in stride(from: 0, to: sequences.groupCount, by: minibatchPrompts) {
        let last = min(first + minibatchPrompts, sequences.groupCount) - 1
        let start = sequences.sequences(ofGroup: first).lowerBound
        let members = start..<sequences.sequences(ofGroup: last).upperBound
        let tokens = sequences.tokens(ofSequences: members)
        if let mask = phase.participates, !mask[tokens].contains(true) { continue }
        try policy.accumulateGradient(
          of: sequences, sequences: members, temperature: temperature
        ) { (piece, scores, weights) throws(FulcrumError) in
          try weigh(
            piece, of: sequences, minibatch: members, mask: phase.participates, columns: columns,
            scores: scores, weights: &weights, report: &report)
        }
        let applied = try policy.applyGradient(learningRate: learningRate)
        report.gradientNorms.append((phase.name, applied.norm))
        if applied.isClipped { report.clippedSteps += 1 }
      }
    }
    let minibatches = (sequences.groupCount + minibatchPrompts - 1) / minibatchPrompts
    report.loss /= Double(max(1, minibatches))
    return report
  }

  /// Weights of one piece of a mini-batch: the objective's, zero outside the phase.
  private func weigh(
    _ piece: Range<Int>, of sequences: SequenceBatch, minibatch: Range<Int>, mask: [Bool]?,
    columns: Columns, scores: borrowing TokenScores, weights: inout MutableSpan<Float>,
    report: inout Report
  ) throws(FulcrumError) {
    let range = sequences.tokens(ofSequences: piece)
    let now = scores.logProbabilities
    if report.gradientNorms.isEmpty {
      for (offset, token) in range.enumerated() {
        let difference = abs(now[offset] - columns.rolloutLogProbabilities[token])
        report.logProbabilityDifference = max(report.logProbabilityDifference, Double(difference))
        // Written so that a NaN fails too.
        guard Double(difference) <= differenceLimit else {
          throw FulcrumError(
            .pluginFault,
            "expected log π in training within \(differenceLimit) of log π as sampled, got"
              + " \(now[offset]) and \(columns.rolloutLogProbabilities[token]) for token \(token)"
              + " of the batch", at: "policy",
            hint: "the policy samples and trains with different numbers; update."
              + "max-logp-difference allows more")
        }
      }
    }
    let old = columns.oldLogProbabilities.span
    let reference = columns.referenceLogProbabilities.span
    let input = ObjectiveInput(
      scores: scores, advantages: columns.advantages.span.extracting(range),
      oldLogProbabilities: old.isEmpty ? old : old.extracting(range),
      referenceLogProbabilities: reference.isEmpty ? reference : reference.extracting(range),
      offsets: sequences.offsets.extracting(piece.lowerBound..<piece.upperBound + 1),
      minibatchTokenCount: sequences.tokens(ofSequences: minibatch).count,
      minibatchSequenceCount: minibatch.count)
    var losses = [Float](repeating: 0, count: range.count)
    var lossSpan = losses.mutableSpan
    do {
      try objective.component.weigh(
        input, weights: &weights, losses: &lossSpan, metrics: &report.sums)
    } catch {
      throw error.within("objective \(objective.name)")
    }
    let entropies = scores.entropies
    let levers = scores.levers
    var entropy = 0.0
    var participants = 0
    for (offset, token) in range.enumerated() {
      guard weights[offset].isFinite, lossSpan[offset].isFinite else {
        throw FulcrumError(
          .pluginFault,
          "expected finite weights and losses, got \(weights[offset]) and \(lossSpan[offset]) for"
            + " token \(token) of the batch", at: "objective \(objective.name)")
      }
      if let mask, !mask[token] {
        weights[offset] = 0
        continue
      }
      participants += 1
      report.loss += Double(lossSpan[offset])
      entropy += Double(entropies[offset])
      report.intervals.add(
        logProbability: now[offset], weight: weights[offset], lever: levers[offset])
    }
    report.sums.add("entropy", sum: entropy, count: participants)
  }
}

extension PolicyUpdate.Report {
  package func describe(in metrics: inout Metrics, learningRate: Double) {
    let norms = gradientNorms.map(\.norm)
    metrics.set("loss", loss)
    metrics.set("grad_norm", Statistics.mean(norms))
    for (phase, tokens) in phaseTokens where phaseTokens.count > 1 {
      let own = gradientNorms.filter { $0.phase == phase }.map(\.norm)
      metrics.set("phases/\(phase)/tokens", Double(tokens))
      metrics.set("phases/\(phase)/grad_norm", Statistics.mean(own))
    }
    metrics.set("optimizer_steps", Double(norms.count))
    metrics.set("gradient_clipped_ratio", Double(clippedSteps) / Double(max(1, norms.count)))
    metrics.set("learning_rate", learningRate)
    metrics.set(sums)
    metrics.set("sampling/logp_difference/max", logProbabilityDifference)
    intervals.describe(in: &metrics)
  }
}
