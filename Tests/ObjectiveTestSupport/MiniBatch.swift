import FulcrumKernel

/// A mini-batch in arrays, to be weighed whole or in slices, as the host does it.
package struct MiniBatch {
  package var current: [Float]
  package var old: [Float]
  package var reference: [Float] = []
  package var advantages: [Float]
  /// `nil`: zeros.
  package var entropies: [Float]?
  /// Columns beside those, K values for each token.
  package var further: [Column: [Float]] = [:]
  /// The bounds of the sequences.
  package var offsets: [Int]
  /// One for each sequence; empty: those of a token mean.
  package var shares: [Double] = []
  package var step: UInt32 = 1
  package var update: UInt32 = 0

  /// - Parameter lengths: of the sequences; `nil`: all tokens are one.
  package init(
    current: [Float], old: [Float], reference: [Float] = [], advantages: [Float],
    lengths: [Int]? = nil
  ) {
    self.current = current
    self.old = old
    self.reference = reference
    self.advantages = advantages
    offsets = [0]
    for length in lengths ?? [current.count] { offsets.append(offsets[offsets.count - 1] + length) }
  }

  package var sequenceCount: Int { offsets.count - 1 }
  package var lengths: [Int] { (0..<sequenceCount).map { offsets[$0 + 1] - offsets[$0] } }
  package var sequences: [Range<Int>] {
    (0..<sequenceCount).map { offsets[$0]..<offsets[$0 + 1] }
  }

  /// The share of each token, also where `shares` is empty.
  package var tokenShares: [Double] {
    (0..<sequenceCount).flatMap { sequence in
      let share = shares.isEmpty ? 1 / Double(current.count) : shares[sequence]
      return [Double](repeating: share, count: lengths[sequence])
    }
  }

  package struct Result {
    package var weights: [Float] = []
    package var losses: [Float] = []
    /// Weights on entropies; zeros if the objective has none.
    package var entropyWeights: [Float] = []
    package var metrics = MetricSums()
    /// The values that `survey` returned; empty if it was not called.
    package var survey: [Float] = []

    package var loss: Double { losses.reduce(0) { $0 + Double($1) } }
  }

  /// Surveys the whole if the objective asks for it, then weighs runs of adjacent sequences one
  /// after the other; `nil`: all in one.
  package func weighed(
    by objective: some PolicyObjective, slices: [Range<Int>]? = nil
  ) throws -> Result {
    var result = Result()
    if let surveying = objective as? any SurveyingObjective {
      result.survey = try withInput(of: 0..<sequenceCount, survey: []) {
        try surveying.survey($0)
      }
    }
    for slice in slices ?? [0..<sequenceCount] {
      let count = offsets[slice.upperBound] - offsets[slice.lowerBound]
      var weights = [Float](repeating: 0, count: count)
      var losses = weights
      var entropyWeights = weights
      var entropyLosses = weights
      try withInput(of: slice, survey: result.survey) {
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        try objective.weigh(
          $0, weights: &weightSpan, losses: &lossSpan, metrics: &result.metrics)
        guard let entropic = objective as? any EntropyObjective else { return }
        var entropyWeightSpan = entropyWeights.mutableSpan
        var entropyLossSpan = entropyLosses.mutableSpan
        try entropic.weighEntropy(
          $0, weights: &entropyWeightSpan, losses: &entropyLossSpan, metrics: &result.metrics)
      }
      result.weights += weights
      result.losses += zip(losses, entropyLosses).map { $0 + $1 }
      result.entropyWeights += entropyWeights
    }
    return result
  }

  private var columns: ColumnStore {
    var columns = ColumnStore(tokenCount: current.count)
    if !old.isEmpty { columns.set(.oldLogProbabilities, old) }
    if !reference.isEmpty { columns.set(.referenceLogProbabilities, reference) }
    for (column, values) in further { columns.set(column, values) }
    return columns
  }

  /// Calls `body` with some adjacent sequences.
  package func withInput<Result>(
    of slice: Range<Int>, survey: [Float], _ body: (borrowing ObjectiveInput) throws -> Result
  ) rethrows -> Result {
    let tokens = offsets[slice.lowerBound]..<offsets[slice.upperBound]
    let zeros = [Float](repeating: 0, count: current.count)
    let entropies = entropies ?? zeros
    let columns = columns
    func part(_ values: borrowing Span<Float>) -> Range<Int> { values.isEmpty ? 0..<0 : tokens }
    let scores = TokenScores(
      logProbabilities: current.span.extracting(tokens),
      entropies: entropies.span.extracting(part(entropies.span)),
      levers: zeros.span.extracting(tokens))
    let input = ObjectiveInput(
      scores: scores, advantages: advantages.span.extracting(tokens),
      columns: columns.slice(tokens),
      offsets: offsets.span.extracting(slice.lowerBound..<slice.upperBound + 1),
      firstSequence: slice.lowerBound, groupOffsets: Span(), minibatchTokenCount: current.count,
      minibatchSequenceCount: sequenceCount,
      shares: shares.span.extracting(shares.isEmpty ? 0..<0 : slice),
      survey: survey.span.extracting(part(survey.span)), step: step, update: update)
    return try body(input)
  }
}
