import FulcrumKernel
import TransformerFormats

/// Leaves sequences whose weights are all zero out of the backward pass. Groups without spread in
/// their rewards have no advantage, and there are many of them once a policy is good or bad at a
/// task.
extension Network {
  /// Returns a piece without its unweighted sequences, and moves up what the forward pass kept of
  /// the others.
  ///
  /// - Parameters:
  ///   - sequences: the sequences of the batch that `packed` holds.
  ///   - participants: the tokens that `packed` was made with.
  func weightedPart(
    _ packed: PackedBatch, _ batch: SequenceBatch, sequences: Range<Int>,
    participants: TokenMask, _ activations: Activations
  ) -> PackedBatch {
    let weights = tokenColumns.weights.pointer
    let entropyWeights = tokenColumns.entropyWeights.pointer
    let candidates = tokenColumns.candidates
    let members = packed.members.indices.filter { member in
      packed.members[member].targets.contains {
        weights[$0] != 0 || entropyWeights[$0] != 0 || candidates.hasWeight($0)
      }
    }
    let count = packed.members.count { !$0.targets.isEmpty }
    guard members.count < count else { return packed }
    let part = PackedBatch(
      batch, sequences: members.map { sequences.lowerBound + $0 },
      sharesPrompts: packed.sharesPrompts, participants: participants)
    var rows = RowMoves()
    var targets = RowMoves()
    var prompt = 0..<0
    for (new, old) in zip(part.members, members.map { packed.members[$0] }) {
      if new.prompt != prompt { rows.add(old.prompt, to: new.prompt.lowerBound) }
      prompt = new.prompt
      rows.add(old.own, to: new.own.lowerBound)
      targets.add(old.targets, to: new.targets.lowerBound)
    }
    activations.move(rows, exits: exitMoves(packed, part, rows), pool: pool)
    tokenColumns.move(targets, count: part.targets.count, width: width)
    return part
  }
}

/// Returns the moves of the rows behind the last layer's attention, given those of all rows; `nil`:
/// the same.
private func exitMoves(_ old: PackedBatch, _ new: PackedBatch, _ rows: RowMoves) -> RowMoves? {
  guard let oldExits = old.exits, let newExits = new.exits else { return nil }
  let sources = rows.sources(count: new.rowCount)
  var moves = RowMoves()
  var place = 0
  for (exit, row) in newExits.rows.enumerated() {
    while oldExits.rows[place] < sources[Int(row)] { place += 1 }
    moves.add(place..<place + 1, to: exit)
  }
  return moves
}

/// Lists rows of matrices that move towards the front, in ascending order.
struct RowMoves {
  private var moves: [(from: Range<Int>, to: Int)] = []

  /// - Precondition: `from` is behind all rows added before, and `to` is not behind `from`.
  mutating func add(_ from: Range<Int>, to: Int) {
    if let last = moves.last, last.from.upperBound == from.lowerBound,
      last.to + last.from.count == to
    {
      moves[moves.count - 1].from = last.from.lowerBound..<from.upperBound
    } else {
      moves.append((from, to))
    }
  }

  /// Returns the source of each of the first `count` rows.
  func sources(count: Int) -> [Int32] {
    var sources = [Int32](repeating: 0, count: count)
    for move in moves {
      for (i, row) in move.from.enumerated() { sources[move.to + i] = Int32(row) }
    }
    return sources
  }

  /// Moves the rows of a matrix whose rows are adjacent.
  func apply(to buffer: FloatBuffer, width: Int) {
    for move in moves where move.from.lowerBound != move.to {
      (buffer.pointer + move.to * width).update(
        from: buffer.pointer + move.from.lowerBound * width, count: move.from.count * width)
    }
  }
}
