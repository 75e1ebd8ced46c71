import Training

/// Holds what was looked at, and with which updates.
package struct MicroscopeSubject: Sendable {
  package var config: String
  /// The policy's folder; empty: the configuration's own policy.
  package var checkpoint: String
  /// Steps that the policy was trained for.
  package var step: Int
  package var optimizer: OptimizerChoice
  package var learningRate: Double
  package var rollouts: RolloutOrigin

  package init(
    config: String, checkpoint: String, step: Int, optimizer: OptimizerChoice,
    learningRate: Double, rollouts: RolloutOrigin
  ) {
    self.config = config
    self.checkpoint = checkpoint
    self.step = step
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.rollouts = rollouts
  }
}

extension MicroscopeRecord {
  /// Takes the findings' means and spreads over batches.
  package init(
    _ subject: MicroscopeSubject, _ findings: Microscope.Findings, words: WordRecord? = nil
  ) {
    let found = findings.batches
    /// Changes after updates of each interval alone.
    let alone = (0..<IntervalSummary.count).map { index in
      Change(found.map { $0.changes[index] })
    }
    self.init(
      config: subject.config, checkpoint: subject.checkpoint, step: subject.step,
      optimizer: subject.optimizer, learningRate: subject.learningRate, rollouts: subject.rollouts,
      batches: found.count, tokens: found.reduce(0) { $0 + $1.tokenCount },
      intervals: ProbabilityIntervals.names,
      figure1: Figure1(
        a: Distribution(
          share: OverBatches.mean(found.map(\.shares)),
          spread: OverBatches.spread(found.map(\.shares)),
          histogram: OverBatches.mean(found.map(\.histogram))),
        b: Advantages(
          quantiles: OverBatches.mean(found.map(\.advantages.quantiles)),
          mean: OverBatches.mean(found.map(\.advantages.mean))),
        c: Change(found.map(\.change)),
        d: Norms(
          norm: OverBatches.mean(found.map(\.norms)),
          spread: OverBatches.spread(found.map(\.norms)),
          all: Statistics.mean(found.map(\.norm))),
        e: alone[0], f: alone[IntervalSummary.count - 1]),
      figure3: findings.arms.map { name, batches in
        ArmDirection(
          arm: name, positiveRose: OverBatches.mean(batches.map(\.positiveRose)),
          negativeFell: OverBatches.mean(batches.map(\.negativeFell)),
          correct: OverBatches.mean(batches.map(\.correct)),
          spread: OverBatches.spread(batches.map(\.correct)))
      }, bounds: Bounds(findings.bounds), interventions: alone.map(\.meanAbsolute),
      interventionsAlong: OverBatches.mean(found.map(\.along)),
      layers: findings.layers.map(LayerRecord.init), figure5: words)
  }
}

extension MicroscopeRecord.Change {
  /// - Parameter batches: each batch's changes.
  fileprivate init(_ batches: [IntervalSummary]) {
    self.init(
      quantiles: OverBatches.mean(batches.map(\.quantiles)),
      meanAbsolute: OverBatches.mean(batches.map(\.meanAbsolute)),
      spread: OverBatches.spread(batches.map(\.meanAbsolute)))
  }
}

extension MicroscopeRecord.Bounds {
  fileprivate init(_ bounds: LeverBounds) {
    self.init(
      tokens: bounds.tokens, violations: bounds.violations, vocabulary: bounds.vocabulary,
      lower: bounds.lower, upper: bounds.upper, minimum: bounds.minimum, maximum: bounds.maximum,
      histogram: bounds.histogram, tolerance: LeverBounds.absoluteTolerance)
  }
}
