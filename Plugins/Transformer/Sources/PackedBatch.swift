import FulcrumKernel
import TransformerFormats

/// A piece of work: whole sequences one after the other, without padding between them.
///
/// A sequence's rows are its prompt and its completion without the last token, which nothing
/// follows; the row before a completion token predicts it. A sequence with an empty completion has
/// no rows.
///
/// - Shape: `R` rows, `S` sequences, `C` completion tokens. `tokens` and `positions` are padded to
///   a multiple of `RowTiles.granule` with zeros.
package struct PackedBatch {
  package private(set) var rowCount = 0
  package private(set) var tokens: [Int32] = []
  /// Each row's place in its sequence.
  package private(set) var positions: [Int32] = []
  /// `S + 1` offsets into the rows.
  package private(set) var starts: [Int] = [0]
  /// The row that predicts each completion token.
  package private(set) var predictingRows: [Int32] = []
  /// The completion tokens.
  package private(set) var targets: [Int32] = []

  package var sequenceCount: Int { starts.count - 1 }

  /// Packs adjacent sequences of a batch that `checked` has passed.
  package init(_ batch: SequenceBatch, sequences: Range<Int>) {
    for sequence in sequences {
      let group = batch.group(ofSequence: sequence)
      let prompt = batch.promptOffsets[group]..<batch.promptOffsets[group + 1]
      let completion = batch.tokens(ofSequence: sequence)
      guard !completion.isEmpty else {
        starts.append(rowCount)
        continue
      }
      let first = rowCount
      for i in prompt { append(batch.promptTokens[i], at: rowCount - first) }
      for i in completion {
        predictingRows.append(Int32(rowCount - 1))
        targets.append(batch.tokens[i])
        if i < completion.upperBound - 1 { append(batch.tokens[i], at: rowCount - first) }
      }
      starts.append(rowCount)
    }
    pad()
  }

  /// Packs prompts, each of which predicts one token from its last row.
  package init(prompts: some Sequence<[Int32]>) {
    for prompt in prompts {
      for (position, token) in prompt.enumerated() { append(token, at: position) }
      starts.append(rowCount)
      predictingRows.append(Int32(rowCount - 1))
    }
    pad()
  }

  private mutating func append(_ token: Int32, at position: Int) {
    tokens.append(token)
    positions.append(Int32(position))
    rowCount += 1
  }

  private mutating func pad() {
    let padding = RowTiles.padded(rowCount) - rowCount
    tokens += repeatElement(0, count: padding)
    positions += repeatElement(0, count: padding)
  }
}

extension PackedBatch {
  /// Rows that a sequence of a batch takes.
  static func rowCount(_ batch: SequenceBatch, sequence: Int) -> Int {
    let completion = batch.tokens(ofSequence: sequence).count
    let group = batch.group(ofSequence: sequence)
    let prompt = batch.promptOffsets[group + 1] - batch.promptOffsets[group]
    return completion == 0 ? 0 : prompt + completion - 1
  }

  /// Cuts adjacent sequences into pieces of at most `limit` rows, or of one sequence.
  static func pieces(
    _ batch: SequenceBatch, sequences: Range<Int>, limit: Int
  ) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var first = sequences.lowerBound
    var rows = 0
    for sequence in sequences {
      let more = rowCount(batch, sequence: sequence)
      if rows + more > limit, sequence > first {
        pieces.append(first..<sequence)
        first = sequence
        rows = 0
      }
      rows += more
    }
    if first < sequences.upperBound { pieces.append(first..<sequences.upperBound) }
    return pieces
  }

  /// Checks that a model can score every sequence.
  ///
  /// - Throws: `.data`, naming the sequence, for an empty prompt, a sequence longer than the
  ///   context, or a token that is not in the vocabulary.
  static func check(
    _ batch: SequenceBatch, sequences: Range<Int>, shape: ModelShape
  ) throws(FulcrumError) {
    for sequence in sequences {
      let group = batch.group(ofSequence: sequence)
      let prompt = batch.promptOffsets[group]..<batch.promptOffsets[group + 1]
      let completion = batch.tokens(ofSequence: sequence)
      guard !prompt.isEmpty else {
        throw FulcrumError(
          .data, "a prompt must have a token that the completion can follow, got an empty one",
          at: "sequence \(sequence)")
      }
      let length = prompt.count + completion.count
      guard length <= shape.contextLength else {
        throw FulcrumError(
          .data,
          "expected at most \(shape.contextLength) tokens of prompt and completion,"
            + " got \(length)", at: "sequence \(sequence)",
          hint: "shorten prompts or completions, or train a model of a longer context")
      }
      for i in prompt { try check(batch.promptTokens[i], shape, at: "sequence \(sequence)") }
      for i in completion { try check(batch.tokens[i], shape, at: "sequence \(sequence)") }
    }
  }

  /// - Throws: `.data` if a token is not in the vocabulary.
  static func check(
    _ token: Int32, _ shape: ModelShape, at location: String
  ) throws(FulcrumError) {
    guard token >= 0, Int(token) < shape.vocabularySize else {
      throw FulcrumError(
        .data, "expected a token from 0 to \(shape.vocabularySize - 1), got \(token)",
        at: location, hint: "encode texts with this policy's own tokenizer")
    }
  }
}
