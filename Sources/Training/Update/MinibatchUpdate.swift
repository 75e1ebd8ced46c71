import FulcrumKernel

/// One optimiser step in the making: the tokens of a phase in a mini-batch, their weights, their
/// gradient.
struct MinibatchUpdate {
  let policy: any PolicyModel
  let objectives: ObjectiveSum
  /// The rollout at hand, with the columns that components declared.
  let batch: RolloutBatch
  /// One for each completion token of the batch.
  let advantages: [Float]
  let temperature: Float
  let phase: UpdatePhase
  let minibatch: Minibatch
  /// The optimiser step's number in the training step, from 0.
  let number: UInt32
  /// What each objective surveyed; empty for those that don't.
  private var surveys: [[Float]] = []

  init(
    policy: any PolicyModel, objectives: ObjectiveSum, batch: RolloutBatch, advantages: [Float],
    temperature: Float, phase: UpdatePhase, minibatch: Minibatch, number: UInt32
  ) {
    self.policy = policy
    self.objectives = objectives
    self.batch = batch
    self.advantages = advantages
    self.temperature = temperature
    self.phase = phase
    self.minibatch = minibatch
    self.number = number
  }

  /// Whether any token takes part.
  var hasWork: Bool {
    for (sequence, share) in zip(minibatch.sequences, minibatch.shares) where share > 0 {
      guard let mask = phase.participates else { return true }
      if mask[batch.sequences.tokens(ofSequence: sequence)].contains(true) { return true }
    }
    return false
  }

  /// Surveys the mini-batch, weighs its tokens and accumulates their gradient in the policy.
  ///
  /// - Parameter agreement: compares the scores with the sampler's, if no parameter has moved yet.
  /// - Throws: what components throw; `.notFinite` for scores that are not.
  mutating func accumulate(into report: inout UpdateReport, _ agreement: inout SamplerAgreement?)
    throws(FulcrumError)
  {
    surveys = try survey()
    let update = self
    guard objectives.weighsEntropy else {
      return try policy.accumulateGradient(
        of: batch.sequences, sequences: minibatch.sequences, temperature: temperature
      ) { (piece, scores, weights) throws(FulcrumError) in
        var none = MutableSpan<Float>()
        try update.weigh(
          piece, scores, weights: &weights, entropyWeights: &none, &report, &agreement)
      }
    }
    try policy.accumulateGradient(
      of: batch.sequences, sequences: minibatch.sequences, temperature: temperature,
      weighWithEntropy: { (piece, scores, weights, entropyWeights) throws(FulcrumError) in
        try update.weigh(
          piece, scores, weights: &weights, entropyWeights: &entropyWeights, &report, &agreement)
      })
  }

  /// Scores the whole mini-batch for the objectives that compare its tokens.
  private func survey() throws(FulcrumError) -> [[Float]] {
    guard objectives.surveysMinibatch else { return [] }
    let scored = try ScoredColumns(
      of: batch.sequences, sequences: minibatch.sequences, by: policy, temperature: temperature)
    guard scored.logProbabilities.allSatisfy(\.isFinite) else { throw Self.notFinite }
    let scores = TokenScores(
      logProbabilities: scored.logProbabilities.span, entropies: scored.entropies.span,
      levers: scored.levers.span)
    let (batch, sequences) = (batch, batch.sequences)
    return try objectives.survey(
      try input(minibatch.sequences, of: batch, sequences, scores, survey: Span()))
  }

  /// Weighs one piece of the mini-batch: the objectives' sum, zero outside the phase and for sequences
  /// that are masked.
  private func weigh(
    _ piece: Range<Int>, _ scores: borrowing TokenScores, weights: inout MutableSpan<Float>,
    entropyWeights: inout MutableSpan<Float>, _ report: inout UpdateReport,
    _ agreement: inout SamplerAgreement?
  ) throws(FulcrumError) {
    // Local ones, for what objectives see borrows from them.
    let (batch, sequences) = (batch, batch.sequences)
    let range = sequences.tokens(ofSequences: piece)
    let now = scores.logProbabilities
    for token in now.indices where !now[token].isFinite { throw Self.notFinite }
    try agreement?.compare(now, tokens: range)
    var losses = [Double](repeating: 0, count: range.count)
    for index in objectives.objectives.indices {
      let survey = surveys.isEmpty ? [] : surveys[index]
      try objectives.weigh(
        index, try input(piece, of: batch, sequences, scores, survey: survey.span),
        weights: &weights,
        entropyWeights: &entropyWeights, losses: &losses, metrics: &report.sums)
    }
    for sequence in piece {
      let counts = minibatch.shares[sequence - minibatch.sequences.lowerBound] > 0
      for token in sequences.tokens(ofSequence: sequence) {
        let offset = token - range.lowerBound
        guard counts, phase.participates?[token] ?? true else {
          weights[offset] = 0
          if !entropyWeights.isEmpty { entropyWeights[offset] = 0 }
          continue
        }
        report.count(
          loss: losses[offset], logProbability: now[offset], weight: weights[offset],
          entropy: scores.entropies[offset], lever: scores.levers[offset])
        report.watch.add(token: token, lever: scores.levers[offset], weight: weights[offset])
      }
    }
  }

  /// What objectives see of adjacent sequences.
  @_lifetime(borrow self, borrow batch, borrow sequences, copy scores, copy survey)
  private func input(
    _ piece: Range<Int>, of batch: borrowing RolloutBatch, _ sequences: borrowing SequenceBatch,
    _ scores: borrowing TokenScores, survey: Span<Float>
  ) throws(FulcrumError) -> ObjectiveInput {
    let range = sequences.tokens(ofSequences: piece)
    let first = minibatch.sequences.lowerBound
    let start = minibatch.tokens.lowerBound
    var old = Span<Float>()
    if batch.has(.oldLogProbabilities) {
      old = try batch.column(.oldLogProbabilities).extracting(range)
    }
    var reference = Span<Float>()
    if batch.has(.referenceLogProbabilities) {
      reference = try batch.column(.referenceLogProbabilities).extracting(range)
    }
    return ObjectiveInput(
      scores: scores, advantages: advantages.span.extracting(range), oldLogProbabilities: old,
      referenceLogProbabilities: reference,
      offsets: sequences.offsets.extracting(piece.lowerBound..<piece.upperBound + 1),
      minibatchTokenCount: minibatch.tokenCount, minibatchSequenceCount: minibatch.sequenceCount,
      shares: minibatch.shares.span.extracting(piece.lowerBound - first..<piece.upperBound - first),
      survey: survey.isEmpty
        ? survey : survey.extracting(range.lowerBound - start..<range.upperBound - start),
      step: batch.step, update: number)
  }

  private static let notFinite = FulcrumError(
    .notFinite, "expected finite log-probabilities of the policy, got others", at: "policy",
    hint: "lower the learning rate")
}
