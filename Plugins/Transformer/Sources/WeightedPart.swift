import FulcrumKernel
import TransformerFormats

/// Leaves sequences whose weights are all zero out of the backward pass: groups without spread in
/// their rewards have no advantage, and they are many once a policy is good or bad at a task.
extension Network {
  /// A piece without its unweighted sequences; what the forward pass kept of the others moves up.
  ///
  /// - Parameters:
  ///   - sequences: of the batch, those that `packed` holds.
  ///   - participants: those that `packed` was made with.
  func weightedPart(
    _ packed: PackedBatch, _ batch: SequenceBatch, sequences: Range<Int>,
    participants: TokenMask, _ activations: Activations
  ) -> PackedBatch {
    let weights = tokenColumns.weights.pointer
    let entropyWeights = tokenColumns.entropyWeights.pointer
    let members = packed.members.indices.filter { member in
      packed.members[member].targets.contains { weights[$0] != 0 || entropyWeights[$0] != 0 }
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
    activations.move(rows, pool: pool)
    tokenColumns.move(targets, count: part.targets.count, shape: shape)
    return part
  }
}

/// Rows of matrices that move towards the front, in ascending order.
struct RowMoves {
  private var moves: [(from: Range<Int>, to: Int)] = []

  /// - Precondition: behind all rows added before, and `to` not behind `from`.
  mutating func add(_ from: Range<Int>, to: Int) {
    if let last = moves.last, last.from.upperBound == from.lowerBound,
      last.to + last.from.count == to
    {
      moves[moves.count - 1].from = last.from.lowerBound..<from.upperBound
    } else {
      moves.append((from, to))
    }
  }

  /// Moves the rows of a matrix whose rows are adjacent.
  func apply(to buffer: FloatBuffer, width: Int) {
    for move in moves where move.from.lowerBound != move.to {
      (buffer.pointer + move.to * width).update(
        from: buffer.pointer + move.from.lowerBound * width, count: move.from.count * width)
    }
  }
}
