import FulcrumKernel
import TransformerFormats

/// Scores and trains, piece by piece.
extension TransformerPolicy: CandidateGradientPolicy, GradientExportPolicy {
  /// - Throws: `.data` for sequences that the model can't take, `.usage` for a temperature that is
  ///   not positive and for statistics that the vocabulary has no room for; and what `visit` throws.
  package func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (_ tokens: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let network = try ready().network
    let further = try check(batch, sequences, request, network)
    network.prepareProducts()
    for piece in pieces(batch, sequences) {
      let packed = PackedBatch(batch, sequences: piece, sharesPrompts: sharesPrompts)
      network.forward(packed, network.transient)
      network.score(
        packed, network.transient, temperature: request.temperature, further: further,
        isTraining: false)
      try network.tokenColumns.withScores { (scores) throws(FulcrumError) in
        try visit(batch.tokens(ofSequences: piece), scores)
      }
    }
  }

  /// - Throws: as `score`, and what `weigh` throws; the gradient then lacks that piece and those
  ///   after it.
  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulate(batch, sequences, request, participants, candidateCount: 0) {
      (tokens, scores, weights, _, _) throws(FulcrumError) in
      try weigh(tokens, scores, &weights)
    }
  }

  /// - Throws: as above.
  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weighWithEntropy weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulate(batch, sequences, request, participants, candidateCount: 0) {
      (tokens, scores, weights, entropyWeights, _) throws(FulcrumError) in
      try weigh(tokens, scores, &weights, &entropyWeights)
    }
  }

  /// - Throws: as above; `.usage` for more candidates than the vocabulary has tokens.
  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask, candidateCount: Int,
    weighWithCandidates weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let tokenCount = try ready().network.tokenRows.count
    guard candidateCount > 0, candidateCount <= tokenCount else {
      throw FulcrumError(
        .usage, "expected 1 to \(tokenCount) candidates a place, got \(candidateCount)",
        at: Self.manual.name)
    }
    try accumulate(
      batch, sequences, request, participants, candidateCount: candidateCount, weigh: weigh)
  }

  /// Accumulates the gradient. A piece without a token that takes part is left out.
  private func accumulate(
    _ batch: SequenceBatch, _ sequences: Range<Int>, _ request: ScoreRequest,
    _ participants: TokenMask, candidateCount: Int,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let network = try ready().network
    var request = request
    // The candidates of a place are what this statistic lists there.
    if candidateCount > 0 { request.statistics.insert(.topTokens(candidateCount)) }
    let further = try check(batch, sequences, request, network)
    network.prepareProducts()
    let training = trainingState(of: network)
    for piece in pieces(batch, sequences, participants: participants) {
      let packed = PackedBatch(
        batch, sequences: piece, sharesPrompts: sharesPrompts, participants: participants)
      guard !packed.targets.isEmpty else { continue }
      network.forward(packed, network.kept)
      network.score(
        packed, network.kept, temperature: request.temperature, further: further,
        isTraining: true)
      let hasWeights = try network.tokenColumns.withWeights(candidateCount: candidateCount) {
        (scores, weights, entropyWeights, candidateWeights) throws(FulcrumError) in
        try weigh(packed.places.span, scores, &weights, &entropyWeights, &candidateWeights)
      }
      guard hasWeights else { continue }
      training.isClear = false
      let part = network.weightedPart(
        packed, batch, sequences: piece, participants: participants, network.kept)
      network.backward(
        part, network.kept, temperature: request.temperature,
        gradients: training.gradients.pointer)
    }
  }

  /// Returns the sequences of each piece of work.
  ///
  /// - Parameter sharesPrompts: whether prompts are shared; `nil`: as the policy is set.
  func pieces(
    _ batch: SequenceBatch, _ sequences: Range<Int>, sharesPrompts: Bool? = nil,
    participants: TokenMask = .all
  ) -> [Range<Int>] {
    guard packsSequences else { return sequences.map { $0..<$0 + 1 } }
    return PackedBatch.pieces(
      batch, sequences: sequences, limit: microbatchTokens,
      sharesPrompts: sharesPrompts ?? self.sharesPrompts, participants: participants)
  }

  /// - Throws: `.notFinite` if the gradient is not finite, and `.usage` for such a learning rate.
  package func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    let network = try ready().network
    guard learningRate.isFinite, learningRate >= 0 else {
      throw FulcrumError(
        .usage, "expected a learning rate of at least 0, got \(learningRate)",
        at: Self.manual.name)
    }
    let training = trainingState(of: network)
    defer {
      training.clearGradients(on: pool)
      network.parametersChanged()
    }
    return try training.optimizer.step(
      network.trained, gradients: training.gradients, learningRate: learningRate, pool: pool)
  }

  /// - Throws: `.notFinite` if the gradient is not finite, `.inputOutput` if the system fails.
  package func saveGradient(to file: String) throws(FulcrumError) {
    let network = try ready().network
    try Self.write(
      network.stored(trainingState(of: network).gradients), metadata: [:], to: file)
  }

  package func discardGradient() { training?.clearGradients(on: pool) }

  /// - Returns: the statistics that the request asks for beside the three scores.
  func check(
    _ batch: SequenceBatch, _ sequences: Range<Int>, _ request: ScoreRequest, _ network: Network
  ) throws(FulcrumError) -> FurtherStatistics {
    try check(batch, sequences, request.temperature, network)
    let further = FurtherStatistics(request.statistics)
    try further.check(network.tokenRows)
    return further
  }

  func check(
    _ batch: SequenceBatch, _ sequences: Range<Int>, _ temperature: Float, _ network: Network
  ) throws(FulcrumError) {
    guard temperature > 0, temperature.isFinite else {
      throw FulcrumError(
        .usage, "expected a temperature above 0 to score at, got \(temperature)",
        at: Self.manual.name, hint: "greedy sampling is scored at temperature 1")
    }
    try PackedBatch.check(batch, sequences: sequences, for: network)
  }
}
