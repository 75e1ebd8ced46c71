import FulcrumKernel

/// Holds the tokens of a mini-batch that a policy scored together, with the columns that objectives
/// read.
///
/// If all tokens take part, columns are slices of the batch's. Otherwise they are gathered: an input
/// then holds the participating tokens alone.
struct ScoredPiece {
  /// The sequences from the first token's to the last token's; some may have no token.
  let sequences: Range<Int>
  /// The bounds of each sequence's tokens in the piece.
  let offsets: [Int]
  /// `nil`: the piece's tokens are adjacent in the batch.
  private let gathered: (columns: ColumnStore, advantages: [Float])?
  /// The places in the batch from the first token to the last, which need not all be in the piece.
  private let range: Range<Int>

  /// - Parameters:
  ///   - tokens: places in the batch, ascending, at least one.
  ///   - isWhole: whether they are all tokens of their sequences.
  init(_ tokens: Span<Int>, isWhole: Bool, of batch: RolloutBatch, advantages: [Float]) {
    let all = batch.sequences
    range = tokens[0]..<tokens[tokens.count - 1] + 1
    let first = all.sequence(ofToken: range.lowerBound)
    sequences = first..<all.sequence(ofToken: range.upperBound - 1) + 1
    var offsets = [0]
    offsets.reserveCapacity(sequences.count + 1)
    var next = 0
    for sequence in sequences {
      let end = all.tokens(ofSequence: sequence).upperBound
      while next < tokens.count, tokens[next] < end { next += 1 }
      offsets.append(next)
    }
    self.offsets = offsets
    guard !isWhole else {
      gathered = nil
      return
    }
    var own: [Float] = []
    own.reserveCapacity(tokens.count)
    for index in tokens.indices { own.append(advantages[tokens[index]]) }
    gathered = (batch.columns.gathering(tokens), own)
  }

  var tokenCount: Int { offsets[offsets.count - 1] }

  /// Returns the survey's values of the piece's tokens.
  ///
  /// - Parameters:
  ///   - survey: the values of all tokens of the mini-batch; empty if there is no survey.
  ///   - first: the place of the mini-batch's first token in the batch.
  func survey(_ survey: [Float], first: Int, tokens: Span<Int>) -> [Float] {
    guard !survey.isEmpty else { return [] }
    guard gathered != nil else {
      return Array(survey[range.lowerBound - first..<range.upperBound - first])
    }
    var own: [Float] = []
    own.reserveCapacity(tokens.count)
    for index in tokens.indices { own.append(survey[tokens[index] - first]) }
    return own
  }

  /// Returns the columns of the piece's tokens, as a store and a range of its rows.
  func columns(of batch: RolloutBatch) -> (store: ColumnStore, rows: Range<Int>) {
    gathered.map { ($0.columns, 0..<tokenCount) } ?? (batch.columns, range)
  }

  /// Returns the advantages of the piece's tokens, as a list and a range of it.
  func advantages(of all: [Float]) -> (values: [Float], rows: Range<Int>) {
    gathered.map { ($0.advantages, 0..<tokenCount) } ?? (all, range)
  }
}
