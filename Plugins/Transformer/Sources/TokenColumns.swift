import FulcrumKernel
import TransformerFormats

/// Holds the scores of each completion token of a piece of work that takes part, `[C]` each.
package final class TokenColumns {
  let logProbabilities = FloatBuffer()
  let entropies = FloatBuffer()
  let levers = FloatBuffer()
  /// The further statistics that were asked for, a block for each.
  let further = FloatBuffer()
  private(set) var furtherStatistics = FurtherStatistics()
  /// The softmax's maximum and denominator, for the backward pass.
  let maxima = FloatBuffer()
  let totals = FloatBuffer()
  /// The mean of maximum − logit / temperature, for the entropy's gradient.
  let spreads = FloatBuffer()
  /// The weights on the tokens: ∂J/∂log π.
  let weights = FloatBuffer()
  /// The weights on the entropies: ∂J/∂H.
  let entropyWeights = FloatBuffer()
  /// The weights on other tokens than the drawn ones.
  let candidates = CandidateColumns()
  /// The head's normalised input, `[C, width]`.
  let hidden = FloatBuffer()
  /// Logits of all tokens if a backward pass may follow and they fit the budget: `[C, logits]`.
  package let logits = FloatBuffer()
  /// The number of logits of a place, if `logits` holds those of all tokens.
  private var logitCount: Int?
  /// Whether `logits` holds the logits of all tokens.
  var holdsLogits: Bool { logitCount != nil }
  private(set) var count = 0

  /// - Parameter logitCount: the number of logits of a place, if those of all tokens are kept.
  func reserve(
    _ count: Int, width: Int, logitCount: Int?, _ furtherStatistics: FurtherStatistics
  ) {
    self.count = count
    self.furtherStatistics = furtherStatistics
    further.reserve(furtherStatistics.valueCount(tokens: count))
    self.logitCount = logitCount
    for column in [
      logProbabilities, entropies, levers, maxima, totals, spreads, weights, entropyWeights,
    ] {
      column.reserve(count)
    }
    hidden.reserve(RowTiles.padded(count) * width)
    if let logitCount { logits.reserve(RowTiles.padded(count) * logitCount) }
  }

  /// Moves the columns that a backward pass reads; `count` tokens stay.
  func move(_ moves: RowMoves, count: Int, width: Int) {
    self.count = count
    for column in [maxima, totals, spreads, weights, entropyWeights] {
      moves.apply(to: column, width: 1)
    }
    candidates.move(moves)
    moves.apply(to: hidden, width: width)
    if let logitCount { moves.apply(to: logits, width: logitCount) }
  }

  /// Gives the scores of all tokens to a closure.
  func withScores<Result>(
    _ body: (borrowing TokenScores) throws(FulcrumError) -> Result
  ) throws(FulcrumError) -> Result {
    let logProbabilities = UnsafeBufferPointer(start: logProbabilities.pointer, count: count)
    let entropies = UnsafeBufferPointer(start: entropies.pointer, count: count)
    let levers = UnsafeBufferPointer(start: levers.pointer, count: count)
    let further = UnsafeBufferPointer(
      start: further.pointer, count: furtherStatistics.valueCount(tokens: count))
    return try body(
      TokenScores(
        logProbabilities: logProbabilities.span, entropies: entropies.span, levers: levers.span,
        statistics: furtherStatistics.statistics, further: further.span))
  }

  /// Gives the scores of all tokens to a closure that sets all weights, which are zero before.
  ///
  /// - Parameter candidateCount: how many candidates of a place have weights; if it is above 0, the
  ///   scores have the statistic that lists them.
  /// - Returns: whether any weight is not zero.
  func withWeights(
    candidateCount: Int,
    _ body: (
      borrowing TokenScores, _ weights: inout MutableSpan<Float>,
      _ entropyWeights: inout MutableSpan<Float>, _ candidateWeights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) -> Bool {
    let weights = UnsafeMutableBufferPointer(start: weights.pointer, count: count)
    let entropyWeights = UnsafeMutableBufferPointer(start: entropyWeights.pointer, count: count)
    weights.update(repeating: 0)
    entropyWeights.update(repeating: 0)
    let candidateWeights = candidates.reset(tokens: count, width: candidateCount)
    try withScores { (scores) throws(FulcrumError) in
      if candidateCount > 0 {
        candidates.take(try scores.values(of: .topTokens(candidateCount)))
      }
      var span = weights.mutableSpan
      var entropySpan = entropyWeights.mutableSpan
      var candidateSpan = candidateWeights.mutableSpan
      try body(scores, &span, &entropySpan, &candidateSpan)
    }
    return weights.contains { $0 != 0 } || entropyWeights.contains { $0 != 0 }
      || candidateWeights.contains { $0 != 0 }
  }
}
