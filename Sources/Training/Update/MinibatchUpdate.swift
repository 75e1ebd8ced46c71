import FulcrumKernel

/// Accumulates the gradient of one optimiser step: scores the mini-batch, weighs its tokens of one
/// phase, and hands the weights to the policy.
struct MinibatchUpdate {
  let policy: any PolicyModel
  let objectives: ObjectiveSum
  /// The rollout at hand, with the columns that components declared.
  let batch: RolloutBatch
  /// The advantage of each completion token of the batch.
  let advantages: [Float]
  let temperature: Float
  let phase: UpdatePhase
  let minibatch: Minibatch
  /// The optimiser step's number in the training step, from 0.
  let number: UInt32
  /// The values that each objective surveyed; empty for objectives that don't survey.
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

  /// The number of tokens that take part in the phase.
  var tokenCount: Int { minibatch.tokens(of: phase, in: batch.sequences) }

  /// The tokens that the policy must score: all, or those of the phase where no objective reads
  /// others.
  private var participants: TokenMask {
    guard objectives.isTokenwise,
      phase.participates != nil || minibatch.shares.contains(where: { $0 == 0 })
    else { return .all }
    var mask = [Bool](repeating: false, count: batch.sequences.tokenCount)
    for (sequence, share) in zip(minibatch.sequences, minibatch.shares) where share > 0 {
      for token in batch.sequences.tokens(ofSequence: sequence) {
        mask[token] = phase.participates?[token] ?? true
      }
    }
    return TokenMask(mask)
  }

  private var request: ScoreRequest {
    ScoreRequest(temperature: temperature, statistics: objectives.currentStatistics)
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
    let participants = participants
    let candidateCount = objectives.candidateCount
    if candidateCount > 0 {
      return try policy.requireCandidateGradient().accumulateGradient(
        of: batch.sequences, sequences: minibatch.sequences, request: request,
        participants: participants, candidateCount: candidateCount,
        weighWithCandidates: {
          (tokens, scores, weights, entropyWeights, candidateWeights) throws(FulcrumError) in
          try update.weigh(
            tokens, isWhole: participants.isAll, scores, weights: &weights,
            entropyWeights: &entropyWeights, candidateWeights: &candidateWeights, &report,
            &agreement)
        })
    }
    guard objectives.weighsEntropy else {
      return try policy.accumulateGradient(
        of: batch.sequences, sequences: minibatch.sequences, request: request,
        participants: participants
      ) { (tokens, scores, weights) throws(FulcrumError) in
        var none = MutableSpan<Float>()
        var noCandidates = MutableSpan<Float>()
        try update.weigh(
          tokens, isWhole: participants.isAll, scores, weights: &weights, entropyWeights: &none,
          candidateWeights: &noCandidates, &report, &agreement)
      }
    }
    try policy.requireEntropyGradient().accumulateGradient(
      of: batch.sequences, sequences: minibatch.sequences, request: request,
      participants: participants,
      weighWithEntropy: { (tokens, scores, weights, entropyWeights) throws(FulcrumError) in
        var noCandidates = MutableSpan<Float>()
        try update.weigh(
          tokens, isWhole: participants.isAll, scores, weights: &weights,
          entropyWeights: &entropyWeights, candidateWeights: &noCandidates, &report, &agreement)
      })
  }

  /// Scores the whole mini-batch, for the objectives that compare its tokens with each other.
  private func survey() throws(FulcrumError) -> [[Float]] {
    guard objectives.surveysMinibatch, !minibatch.tokens.isEmpty else { return [] }
    let request = request
    let scored = try ScoredColumns(
      of: batch.sequences, sequences: minibatch.sequences, by: policy, request: request)
    guard scored.logProbabilities.allSatisfy(\.isFinite) else { throw Self.notFinite }
    let statistics = Array(request.statistics)
    let further = scored.flat(statistics)
    let scores = TokenScores(
      logProbabilities: scored.logProbabilities.span, entropies: scored.entropies.span,
      levers: scored.levers.span, statistics: statistics, further: further.span)
    let places = Array(minibatch.tokens)
    let piece = ScoredPiece(places.span, isWhole: true, of: batch, advantages: advantages)
    let (columns, rows) = piece.columns(of: batch)
    let sequences = batch.sequences
    return try objectives.survey(
      input(
        piece, scores, columns.slice(rows), advantages.span.extracting(minibatch.tokens),
        sequences.groupOffsets, survey: Span()))
  }

  /// Weighs one piece of the mini-batch. The weights are the objectives' sum, and zero outside the
  /// phase and for masked sequences.
  ///
  /// - Parameter isWhole: whether the piece has all tokens of its sequences.
  private func weigh(
    _ tokens: Span<Int>, isWhole: Bool, _ scores: borrowing TokenScores,
    weights: inout MutableSpan<Float>, entropyWeights: inout MutableSpan<Float>,
    candidateWeights: inout MutableSpan<Float>, _ report: inout UpdateReport,
    _ agreement: inout SamplerAgreement?
  ) throws(FulcrumError) {
    guard !tokens.isEmpty else { return }
    try check(tokens, isWhole: isWhole, scores)
    let now = scores.logProbabilities
    for token in now.indices where !now[token].isFinite { throw Self.notFinite }
    try agreement?.compare(now, tokens: tokens)
    let piece = ScoredPiece(tokens, isWhole: isWhole, of: batch, advantages: advantages)
    // Kept in local constants, for the objectives' input borrows from them.
    let (columns, rows) = piece.columns(of: batch)
    let (own, ownRows) = piece.advantages(of: advantages)
    let sequences = batch.sequences
    var losses = [Double](repeating: 0, count: tokens.count)
    for index in objectives.objectives.indices {
      let survey = piece.survey(
        surveys.isEmpty ? [] : surveys[index], first: minibatch.tokens.lowerBound, tokens: tokens)
      try objectives.weigh(
        index,
        input(
          piece, scores, columns.slice(rows), own.span.extracting(ownRows),
          sequences.groupOffsets, survey: survey.span),
        weights: &weights, entropyWeights: &entropyWeights, candidateWeights: &candidateWeights,
        losses: &losses, metrics: &report.sums)
    }
    let width = candidateWeights.count / tokens.count
    for (sequence, bounds) in zip(piece.sequences, zip(piece.offsets, piece.offsets.dropFirst())) {
      let counts = minibatch.shares[sequence - minibatch.sequences.lowerBound] > 0
      for offset in bounds.0..<bounds.1 {
        let token = tokens[offset]
        guard counts, phase.participates?[token] ?? true else {
          weights[offset] = 0
          if !entropyWeights.isEmpty { entropyWeights[offset] = 0 }
          for place in offset * width..<(offset + 1) * width { candidateWeights[place] = 0 }
          continue
        }
        report.count(
          loss: losses[offset], logProbability: now[offset], weight: weights[offset],
          entropy: scores.entropies[offset], lever: scores.levers[offset])
        report.watch.add(token: token, lever: scores.levers[offset], weight: weights[offset])
      }
    }
  }

  /// Holds the policy to its contract: a wrong place would take the process down.
  private func check(_ tokens: Span<Int>, isWhole: Bool, _ scores: borrowing TokenScores)
    throws(FulcrumError)
  {
    let places = minibatch.tokens
    var last = places.lowerBound - 1
    for index in tokens.indices {
      let token = tokens[index]
      guard token > last, token < places.upperBound else {
        throw FulcrumError(
          .pluginFault,
          "expected places of tokens, in ascending order and from \(places.lowerBound) to"
            + " \(places.upperBound - 1), got \(token) after \(last)", at: "policy")
      }
      last = token
    }
    let reach = last + 1 - tokens[0]
    guard !isWhole || tokens.count == reach else {
      throw FulcrumError(
        .pluginFault, "expected all tokens of whole sequences, got \(tokens.count) of \(reach)",
        at: "policy")
    }
    guard scores.tokenCount == tokens.count else {
      throw FulcrumError(
        .pluginFault,
        "expected a score for each of \(tokens.count) tokens, got \(scores.tokenCount)",
        at: "policy")
    }
  }

  /// Returns the view of a piece that objectives get.
  @_lifetime(
    borrow self, borrow piece, copy scores, copy columns, copy advantages, copy groups, copy survey)
  private func input(
    _ piece: borrowing ScoredPiece, _ scores: borrowing TokenScores, _ columns: ColumnSlice,
    _ advantages: Span<Float>, _ groups: Span<Int>, survey: Span<Float>
  ) -> ObjectiveInput {
    let first = minibatch.sequences.lowerBound
    return ObjectiveInput(
      scores: scores, advantages: advantages, columns: columns, offsets: piece.offsets.span,
      firstSequence: piece.sequences.lowerBound, groupOffsets: groups,
      minibatchTokenCount: minibatch.tokenCount, minibatchSequenceCount: minibatch.sequenceCount,
      shares: minibatch.shares.span.extracting(
        piece.sequences.lowerBound - first..<piece.sequences.upperBound - first),
      survey: survey, step: batch.step, update: number)
  }

  private static let notFinite = FulcrumError(
    .notFinite, "expected finite log-probabilities of the policy, got others", at: "policy",
    hint: "lower the learning rate")
}
