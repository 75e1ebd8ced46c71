import FulcrumKernel

/// The update of one step: for each phase and mini-batch, weights, gradient, optimiser step.
package struct PolicyUpdate {
  package let policy: any PolicyModel
  package let objectives: ObjectiveSum
  package let temperature: Float
  package let learningRate: Double
  /// Largest |log π in training − log π as sampled| of a token that is no fault, in nats; `nil`: the
  /// batch is another policy's.
  package let differenceLimit: Double?
  /// The training step, for draws of objectives.
  package let step: UInt32

  package init(
    policy: any PolicyModel, objectives: ObjectiveSum, temperature: Float, learningRate: Double,
    differenceLimit: Double?, step: UInt32
  ) {
    self.policy = policy
    self.objectives = objectives
    self.temperature = temperature
    self.learningRate = learningRate
    self.differenceLimit = differenceLimit
    self.step = step
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

  /// One optimiser step in the making.
  private struct Turn {
    let phase: UpdatePhase
    let minibatch: Minibatch
    /// Its number in the training step, from 0.
    let number: UInt32
    /// For each objective, what it surveyed; empty for those that don't.
    var surveys: [[Float]]

    /// Whether any token takes part.
    func hasWork(in sequences: SequenceBatch) -> Bool {
      for (sequence, share) in zip(minibatch.sequences, minibatch.shares) where share > 0 {
        guard let mask = phase.participates else { return true }
        if mask[sequences.tokens(ofSequence: sequence)].contains(true) { return true }
      }
      return false
    }
  }

  /// Runs every phase through every mini-batch, in the plan's order.
  ///
  /// A mini-batch without a token that takes part is left out: an optimiser step on nothing would
  /// still move the parameters, by momentum. One whose scores or gradient are not finite is left out
  /// too, and counted: the parameters are as before it.
  ///
  /// - Parameter hasMoved: set once an optimiser step was taken, also if a later one throws.
  package func run(
    _ sequences: SequenceBatch, columns: Columns, plan: UpdatePlan, minibatches: [Minibatch],
    hasMoved: inout Bool
  ) throws(FulcrumError) -> UpdateReport {
    var report = UpdateReport()
    report.watch = TokenWatch(of: sequences)
    for phase in plan.phases {
      report.phaseTokens.append(
        (phase.name, phase.participates?.count(where: \.self) ?? sequences.tokenCount))
    }
    for (number, place) in plan.steps(minibatches: minibatches.count).enumerated() {
      var turn = Turn(
        phase: plan.phases[place.phase], minibatch: minibatches[place.minibatch],
        number: UInt32(number), surveys: [])
      guard turn.hasWork(in: sequences) else { continue }
      StageMark.enter("policy, update")
      defer { StageMark.leave() }
      do throws(FulcrumError) {
        turn.surveys = try surveys(of: turn.minibatch, in: sequences, columns, turn: turn)
        try accumulate(turn, sequences, columns, &report)
        let applied = try policy.applyGradient(learningRate: learningRate)
        hasMoved = true
        report.gradientNorms.append((turn.phase.name, applied.norm))
        if applied.isClipped { report.clippedSteps += 1 }
      } catch {
        policy.discardGradient()
        guard error.code == .notFinite else { throw error }
        report.skipped.append(error)
      }
    }
    report.passes =
      plan.phases.isEmpty || sequences.tokenCount == 0
      ? 1
      : Double(plan.iterations * report.phaseTokens.reduce(0) { $0 + $1.tokens })
        / Double(sequences.tokenCount)
    report.minibatches = minibatches.count
    return report
  }

  private func accumulate(
    _ turn: Turn, _ sequences: SequenceBatch, _ columns: Columns, _ report: inout UpdateReport
  ) throws(FulcrumError) {
    let members = turn.minibatch.sequences
    guard objectives.weighsEntropy else {
      return try policy.accumulateGradient(
        of: sequences, sequences: members, temperature: temperature
      ) { (piece, scores, weights) throws(FulcrumError) in
        var none = MutableSpan<Float>()
        try weigh(
          piece, of: sequences, turn, columns, scores: scores, weights: &weights,
          entropyWeights: &none, report: &report)
      }
    }
    try policy.accumulateGradient(
      of: sequences, sequences: members, temperature: temperature,
      weighWithEntropy: { (piece, scores, weights, entropyWeights) throws(FulcrumError) in
        try weigh(
          piece, of: sequences, turn, columns, scores: scores, weights: &weights,
          entropyWeights: &entropyWeights, report: &report)
      })
  }

  /// Scores a whole mini-batch for the objectives that compare its tokens.
  private func surveys(
    of minibatch: Minibatch, in sequences: SequenceBatch, _ columns: Columns, turn: Turn
  ) throws(FulcrumError) -> [[Float]] {
    guard objectives.surveysMinibatch else { return [] }
    let scored = try ScoredColumns(
      of: sequences, sequences: minibatch.sequences, by: policy, temperature: temperature)
    guard scored.logProbabilities.allSatisfy(\.isFinite) else { throw Self.notFinite }
    let scores = TokenScores(
      logProbabilities: scored.logProbabilities.span, entropies: scored.entropies.span,
      levers: scored.levers.span)
    return try objectives.survey(
      input(
        minibatch.sequences, of: sequences, turn, columns, scores: scores, survey: Span()))
  }

  @_lifetime(copy scores, borrow sequences, borrow turn, borrow columns, copy survey)
  private func input(
    _ piece: Range<Int>, of sequences: borrowing SequenceBatch, _ turn: borrowing Turn,
    _ columns: borrowing Columns, scores: borrowing TokenScores, survey: Span<Float>
  ) -> ObjectiveInput {
    let range = sequences.tokens(ofSequences: piece)
    let first = turn.minibatch.sequences.lowerBound
    let old = columns.oldLogProbabilities.span
    let reference = columns.referenceLogProbabilities.span
    return ObjectiveInput(
      scores: scores, advantages: columns.advantages.span.extracting(range),
      oldLogProbabilities: old.isEmpty ? old : old.extracting(range),
      referenceLogProbabilities: reference.isEmpty ? reference : reference.extracting(range),
      offsets: sequences.offsets.extracting(piece.lowerBound..<piece.upperBound + 1),
      minibatchTokenCount: turn.minibatch.tokenCount,
      minibatchSequenceCount: turn.minibatch.sequenceCount,
      shares: turn.minibatch.shares.span.extracting(
        piece.lowerBound - first..<piece.upperBound - first),
      survey: survey.isEmpty
        ? survey
        : survey.extracting(
          range.lowerBound - turn.minibatch.tokens.lowerBound..<range.upperBound
            - turn.minibatch.tokens.lowerBound), step: step, update: turn.number)
  }

  /// Weights of one piece of a mini-batch: the objectives' sum, zero outside the phase and for
  /// sequences that are masked.
  private func weigh(
    _ piece: Range<Int>, of sequences: SequenceBatch, _ turn: Turn, _ columns: Columns,
    scores: borrowing TokenScores, weights: inout MutableSpan<Float>,
    entropyWeights: inout MutableSpan<Float>, report: inout UpdateReport
  ) throws(FulcrumError) {
    let range = sequences.tokens(ofSequences: piece)
    let now = scores.logProbabilities
    for token in now.indices where !now[token].isFinite { throw Self.notFinite }
    if report.gradientNorms.isEmpty, report.skipped.isEmpty {
      try compare(now, with: columns.rolloutLogProbabilities, at: range, &report)
    }
    var losses = [Double](repeating: 0, count: range.count)
    for index in objectives.objectives.indices {
      let survey = turn.surveys.isEmpty ? [] : turn.surveys[index]
      try objectives.weigh(
        index,
        input(piece, of: sequences, turn, columns, scores: scores, survey: survey.span),
        weights: &weights, entropyWeights: &entropyWeights, losses: &losses, metrics: &report.sums)
    }
    for sequence in piece {
      let counts = turn.minibatch.shares[sequence - turn.minibatch.sequences.lowerBound] > 0
      for token in sequences.tokens(ofSequence: sequence) {
        let offset = token - range.lowerBound
        guard counts, turn.phase.participates?[token] ?? true else {
          weights[offset] = 0
          if !entropyWeights.isEmpty { entropyWeights[offset] = 0 }
          continue
        }
        report.count(
          loss: losses[offset], logProbability: now[offset], weight: weights[offset],
          entropy: scores.entropies[offset], lever: scores.levers[offset])
        report.watch?.add(token: token, lever: scores.levers[offset], weight: weights[offset])
      }
    }
  }

  /// Holds training's log-probabilities against the sampler's, before any parameter has moved.
  private func compare(
    _ now: borrowing Span<Float>, with sampled: [Float], at range: Range<Int>,
    _ report: inout UpdateReport
  ) throws(FulcrumError) {
    for (offset, token) in range.enumerated() {
      let difference = Double(abs(now[offset] - sampled[token]))
      report.logProbabilityDifference = max(report.logProbabilityDifference, difference)
      // Written so that a NaN fails too.
      guard let differenceLimit, !(difference <= differenceLimit) else { continue }
      throw FulcrumError(
        .pluginFault,
        "expected log π in training within \(differenceLimit) of log π as sampled, got"
          + " \(now[offset]) and \(sampled[token]) for token \(token) of the batch", at: "policy",
        hint: "the policy samples and trains with different numbers; update."
          + "max-logp-difference allows more")
    }
  }

  private static let notFinite = FulcrumError(
    .notFinite, "expected finite log-probabilities of the policy, got others", at: "policy",
    hint: "lower the learning rate")
}
