/// A model whose tokens can be scored: all that a reference needs.
///
/// Called from one thread. The same calls in the same order give the same bits.
public protocol FrozenPolicy: AnyObject {
  /// Scores the completion tokens of adjacent sequences, in pieces of whole sequences.
  ///
  /// - Parameters:
  ///   - batch: has the sequences.
  ///   - sequences: those to be scored, adjacent ones.
  ///   - request: the temperature, and the statistics that every piece has beside the three.
  ///   - visit: called on this thread for each piece, in order; `tokens` are places in
  ///     `batch.tokens`, and the ranges partition those of `sequences`.
  /// - Throws: what `visit` throws; `.unsupported` for a statistic that the policy doesn't know.
  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (_ tokens: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError)
}
