import FulcrumKernel
import JSON
import Wire

/// Scores and trains. A piece is what the ranks compute in one round.
extension TorchPolicy: CandidateGradientPolicy, GradientExportPolicy {
  /// Scores all sequences as one piece.
  package func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (_ tokens: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    guard !sequences.isEmpty else { return }
    let content = BatchArrays(batch, sequences: sequences)
    let frame = try call("score", ScoreArrays.header(request), content.arrays)
    let scores = try read("score") { () throws(WireFault) in
      try ScoreArrays(frame, request, count: content.tokens.count)
    }
    try scores.withScores { (scores) throws(FulcrumError) in try visit(content.tokens, scores) }
  }

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulate(batch, sequences, request, participants, hasEntropy: false, candidateCount: 0) {
      (tokens, scores, weights, _, _) throws(FulcrumError) in
      try weigh(tokens, scores, &weights)
    }
  }

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weighWithEntropy weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try accumulate(batch, sequences, request, participants, hasEntropy: true, candidateCount: 0) {
      (tokens, scores, weights, entropyWeights, _) throws(FulcrumError) in
      try weigh(tokens, scores, &weights, &entropyWeights)
    }
  }

  package func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask, candidateCount: Int,
    weighWithCandidates weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    guard candidateCount > 0 else {
      throw FulcrumError(
        .usage, "expected at least one candidate a place, got \(candidateCount)",
        at: Self.manual.name)
    }
    try accumulate(
      batch, sequences, request, participants, hasEntropy: true, candidateCount: candidateCount,
      weigh: weigh)
  }

  private func accumulate(
    _ batch: SequenceBatch, _ sequences: Range<Int>, _ request: ScoreRequest,
    _ participants: TokenMask, hasEntropy: Bool, candidateCount: Int,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    let content = BatchArrays(batch, sequences: sequences)
    let first = content.tokens.lowerBound
    var pieces = PieceCheck(batch, sequences, participants)
    guard pieces.missing > 0 else { return }
    var arrays = content.arrays
    if !participants.isAll {
      arrays.append(("participants", WireArray(content.tokens.map { participants.contains($0) })))
    }
    var thrown: FulcrumError?
    let header =
      ScoreArrays.header(request) + [
        JSONMember("entropy", .bool(hasEntropy)),
        JSONMember("candidates", .integer(candidateCount)),
      ]
    _ = try call("accumulate", header, arrays) { (event) throws(WireFault) in
      // Of any numbers, whose sum may overflow; what is no place of the batch is refused.
      let places = try event.array("places").integers().map { $0 &+ first }
      try pieces.take(places)
      let scores = try ScoreArrays(event, request, count: places.count)
      var weights = [Float](repeating: 0, count: places.count)
      var entropyWeights = weights
      var candidateWeights = [Float](repeating: 0, count: places.count * candidateCount)
      do throws(FulcrumError) {
        try scores.withScores { (scores) throws(FulcrumError) in
          var span = weights.mutableSpan
          var entropySpan = entropyWeights.mutableSpan
          var candidateSpan = candidateWeights.mutableSpan
          try weigh(places.span, scores, &span, &entropySpan, &candidateSpan)
        }
      } catch {
        thrown = error
        return ([JSONMember("stop", .bool(true))], [])
      }
      return (
        [JSONMember("stop", .bool(false))],
        [("weights", WireArray(weights))]
          + (hasEntropy ? [("entropyWeights", WireArray(entropyWeights))] : [])
          + (candidateCount > 0 ? [("candidateWeights", WireArray(candidateWeights))] : [])
      )
    }
    if let thrown { throw thrown }
    try read("accumulate") { () throws(WireFault) in
      guard pieces.missing == 0 else {
        throw WireFault("expected every token that takes part, \(pieces.missing) are missing")
      }
    }
  }

  package func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    let frame = try call("apply", [JSONMember("learningRate", .number(learningRate))])
    return try read("apply") { () throws(WireFault) in
      guard let norm = frame["norm"]?.double, let isClipped = frame["clipped"]?.bool else {
        throw WireFault("expected a norm and whether the gradient was clipped")
      }
      return GradientReport(norm: norm, isClipped: isClipped)
    }
  }

  /// A policy that was given up has no gradient any more: the error is told by the next call.
  package func discardGradient() { _ = try? call("discard") }

  package func saveGradient(to file: String) throws(FulcrumError) {
    _ = try call("saveGradient", [JSONMember("file", .string(file))])
  }
}
