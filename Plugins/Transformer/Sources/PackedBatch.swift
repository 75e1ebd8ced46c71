import FulcrumKernel
import TransformerFormats

/// Holds a piece of work: whole sequences one after the other, without padding between them.
/// Adjacent sequences of a group share one copy of their prompt.
///
/// A sequence's own rows are its completion without the last token, which nothing follows. The row
/// before a completion token predicts it, so a prompt's last row predicts the first token of every
/// completion. The first sequence of a group brings the prompt's rows, before its own; all do if
/// prompts are not shared. A sequence without a token that takes part has no rows. Others end at
/// the row that predicts their last token that takes part.
///
/// - Shape: `R` rows, `S` sequences, `C` completion tokens that take part. `tokens` and `positions`
///   are padded to a multiple of `RowTiles.granule` with zeros.
package struct PackedBatch {
  /// Holds the place of a sequence in the piece.
  package struct Member: Equatable {
    /// The rows of its prompt, which others may share; empty if none of its tokens takes part.
    package let prompt: Range<Int>
    /// Its own rows.
    package let own: Range<Int>
    /// Its tokens in `targets`.
    package let targets: Range<Int>
  }

  /// Holds rows that see each other, causally, and the same rows before them: an item of
  /// attention's work.
  package struct Chunk {
    /// Rows of a shared prompt that all runs see; empty for the run that has the prompt itself.
    package let prompt: Range<Int>
    /// Places in `runs`; a row sees the rows of its own run only, and the prompt's.
    package var runs: Range<Int>
    /// The row at which the chunk's part of the prompt's gradients begins.
    package let sumRow: Int
  }

  /// Whether the sequences of a group share their prompt's rows.
  let sharesPrompts: Bool
  package private(set) var rowCount = 0
  package private(set) var tokens: [Int32] = []
  /// Each row's place in its sequence.
  package private(set) var positions: [Int32] = []
  package private(set) var members: [Member] = []
  /// Adjacent rows of one sequence.
  package private(set) var runs: [Range<Int>] = []
  package private(set) var chunks: [Chunk] = []
  /// For each prompt that chunks share, their places in `chunks`.
  package private(set) var sharedPrompts: [Range<Int>] = []
  /// The number of rows of all chunks' parts of their prompts' gradients.
  package private(set) var sumRowCount = 0
  /// The row that predicts each target.
  package private(set) var predictingRows: [Int32] = []
  /// The completion tokens that take part.
  package private(set) var targets: [Int32] = []
  /// The targets' places in the batch, ascending.
  package private(set) var places: [Int] = []
  /// The targets that a prompt's last row predicts besides its first sequence's.
  package private(set) var repeatedTokens: [Int] = []
  /// The row of the exit's gradient that each target writes to: its exit row. The k-th repeated
  /// target writes to the k-th row after all padded ones, so that no two targets write to one row.
  package private(set) var gradientRows: [Int32] = []
  /// The rows that the last layer is computed for, beyond their keys and values; `nil`: all rows.
  package private(set) var exits: ExitRows?

  /// Packs sequences, in order, of a batch that `check` has passed.
  package init(
    _ batch: SequenceBatch, sequences: some Sequence<Int>, sharesPrompts: Bool = true,
    participants: TokenMask = .all
  ) {
    self.sharesPrompts = sharesPrompts
    var group = -1
    var prompt = 0..<0
    var isShared = false
    for sequence in sequences {
      let completion = participants.needed(of: sequence, in: batch)
      guard !completion.isEmpty else {
        members.append(
          Member(
            prompt: rowCount..<rowCount, own: rowCount..<rowCount,
            targets: targets.count..<targets.count))
        continue
      }
      let firstRow = rowCount
      let firstTarget = targets.count
      let ownGroup = batch.group(ofSequence: sequence)
      isShared = sharesPrompts && ownGroup == group
      if !isShared {
        group = ownGroup
        for i in batch.promptOffsets[group]..<batch.promptOffsets[group + 1] {
          append(batch.promptTokens[i], at: rowCount - firstRow)
        }
        prompt = firstRow..<rowCount
      }
      let own = rowCount
      for i in completion {
        if participants.contains(i) {
          let isFirst = i == completion.lowerBound
          if isFirst && isShared { repeatedTokens.append(targets.count) }
          predictingRows.append(Int32(isFirst ? prompt.upperBound - 1 : rowCount - 1))
          targets.append(batch.tokens[i])
          places.append(i)
        }
        if i < completion.upperBound - 1 {
          append(batch.tokens[i], at: prompt.count + rowCount - own)
        }
      }
      members.append(
        Member(prompt: prompt, own: own..<rowCount, targets: firstTarget..<targets.count))
      addRun(firstRow..<rowCount, prompt: isShared ? prompt : 0..<0)
    }
    if !participants.isAll { exits = ExitRows(predicting: predictingRows, runs: runs) }
    pad()
  }

  /// Packs prompts, each of which predicts one token from its last row, with a chunk for each
  /// prompt.
  package init(prompts: some Sequence<[Int32]>) {
    sharesPrompts = false
    for prompt in prompts {
      let firstRow = rowCount
      for (position, token) in prompt.enumerated() { append(token, at: position) }
      addRun(firstRow..<rowCount, prompt: 0..<0)
      predictingRows.append(Int32(rowCount - 1))
    }
    pad()
  }

  /// The number of rows of the last layer's exit.
  package var exitRowCount: Int { exits?.rows.count ?? rowCount }

  /// The row of the last layer's exit that predicts each target.
  package var exitRows: [Int32] { exits?.ofTargets ?? predictingRows }

  private mutating func append(_ token: Int32, at position: Int) {
    tokens.append(token)
    positions.append(Int32(position))
    rowCount += 1
  }

  /// Adds rows to the last chunk if that has the same prompt, and fewer rows than the prompt.
  ///
  /// So a chunk reads the prompt's keys for about as many rows as the prompt has. And the chunks'
  /// parts of the prompts' gradients together have no more rows than the piece.
  private mutating func addRun(_ rows: Range<Int>, prompt: Range<Int>) {
    guard !rows.isEmpty else { return }
    runs.append(rows)
    if let last = chunks.last, !prompt.isEmpty, last.prompt == prompt,
      rows.lowerBound - runs[last.runs.lowerBound].lowerBound < prompt.count
    {
      chunks[chunks.count - 1].runs = last.runs.lowerBound..<runs.count
      return
    }
    chunks.append(Chunk(prompt: prompt, runs: runs.count - 1..<runs.count, sumRow: sumRowCount))
    sumRowCount += prompt.count
    guard !prompt.isEmpty else { return }
    let last = chunks.count - 1
    if let shared = sharedPrompts.last, chunks[shared.lowerBound].prompt == prompt {
      sharedPrompts[sharedPrompts.count - 1] = shared.lowerBound..<last + 1
    } else {
      sharedPrompts.append(last..<last + 1)
    }
  }

  private mutating func pad() {
    let padding = RowTiles.padded(rowCount) - rowCount
    tokens += repeatElement(0, count: padding)
    positions += repeatElement(0, count: padding)
    gradientRows = exitRows
    let exitCount = RowTiles.padded(exitRowCount)
    for (k, token) in repeatedTokens.enumerated() {
      gradientRows[token] = Int32(exitCount + k)
    }
  }
}

extension TokenMask {
  /// Returns a sequence's tokens up to the last one that takes part; none if none does.
  func needed(of sequence: Int, in batch: SequenceBatch) -> Range<Int> {
    let completion = batch.tokens(ofSequence: sequence)
    guard !isAll else { return completion }
    let last = completion.last(where: contains)
    return completion.lowerBound..<(last.map { $0 + 1 } ?? completion.lowerBound)
  }
}
