import FulcrumKernel
import TransformerFormats

/// Scoring and training, piece by piece.
extension TransformerPolicy {
  /// - Throws: `.data` for sequences that the model can't take, `.usage` for a temperature that is
  ///   not positive; and what `visit` throws.
  package func score(
    _ batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    visit: (_ sequences: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let network = try ready().network
    try check(batch, sequences, temperature, network)
    network.prepareProducts()
    for piece in pieces(batch, sequences) {
      let packed = PackedBatch(batch, sequences: piece, sharesPrompts: sharesPrompts)
      network.forward(packed, network.transient)
      network.score(packed, network.transient, temperature: temperature, isTraining: false)
      try network.tokenColumns.withScores { (scores) throws(FulcrumError) in
        try visit(piece, scores)
      }
    }
  }

  /// - Throws: as `score`, and what `weigh` throws; the gradient then lacks that piece and those
  ///   after it.
  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weigh: (
      _ sequences: Range<Int>, _ scores: borrowing TokenScores,
      _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: batch, sequences: sequences, temperature: temperature,
      weighWithEntropy: { (piece, scores, weights, _) throws(FulcrumError) in
        try weigh(piece, scores, &weights)
      })
  }

  /// - Throws: as above.
  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, temperature: Float,
    weighWithEntropy weigh: (
      _ sequences: Range<Int>, _ scores: borrowing TokenScores,
      _ weights: inout MutableSpan<Float>, _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let network = try ready().network
    try check(batch, sequences, temperature, network)
    network.prepareProducts()
    let training = trainingState(of: network)
    for piece in pieces(batch, sequences) {
      let packed = PackedBatch(batch, sequences: piece, sharesPrompts: sharesPrompts)
      network.forward(packed, network.kept)
      network.score(packed, network.kept, temperature: temperature, isTraining: true)
      let hasWeights = try network.tokenColumns.withWeights {
        (scores, weights, entropyWeights) throws(FulcrumError) in
        try weigh(piece, scores, &weights, &entropyWeights)
      }
      guard hasWeights else { continue }
      training.isClear = false
      let part = network.weightedPart(packed, batch, sequences: piece, network.kept)
      network.backward(
        part, network.kept, temperature: temperature, gradients: training.gradients.pointer)
    }
  }

  /// The sequences of each piece of work.
  ///
  /// - Parameter sharesPrompts: `nil`: as the policy is set.
  func pieces(
    _ batch: SequenceBatch, _ sequences: Range<Int>, sharesPrompts: Bool? = nil
  ) -> [Range<Int>] {
    guard packsSequences else { return sequences.map { $0..<$0 + 1 } }
    return PackedBatch.pieces(
      batch, sequences: sequences, limit: microbatchTokens,
      sharesPrompts: sharesPrompts ?? self.sharesPrompts)
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
      training.clearGradients()
      network.parametersChanged()
    }
    return try training.optimizer.step(
      network.parameters, gradients: training.gradients, learningRate: learningRate, pool: pool)
  }

  /// - Throws: `.notFinite` if the gradient is not finite, `.inputOutput` if the system fails.
  package func saveGradient(to file: String) throws(FulcrumError) {
    let network = try ready().network
    try Self.write(
      network.stored(trainingState(of: network).gradients), metadata: [:], to: file)
  }

  package func discardGradient() { training?.clearGradients() }

  func check(
    _ batch: SequenceBatch, _ sequences: Range<Int>, _ temperature: Float, _ network: Network
  ) throws(FulcrumError) {
    guard temperature > 0, temperature.isFinite else {
      throw FulcrumError(
        .usage, "expected a temperature above 0 to score at, got \(temperature)",
        at: Self.manual.name, hint: "greedy sampling is scored at temperature 1")
    }
    try PackedBatch.check(batch, sequences: sequences, shape: network.shape)
  }
}
