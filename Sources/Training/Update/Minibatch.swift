import FulcrumKernel

/// Holds the sequences of one optimiser step, with the factor of each token.
package struct Minibatch: Sendable {
  /// Adjacent sequences, of whole groups.
  package let sequences: Range<Int>
  /// The places of their tokens in the batch.
  package let tokens: Range<Int>
  /// The factor of the tokens of each sequence; 0 for a masked one.
  package let shares: [Double]
  /// The number of tokens of the sequences that count.
  package let tokenCount: Int
  package let sequenceCount: Int

  /// Returns the number of tokens that take part in a phase: of the sequences that count.
  func tokens(of phase: UpdatePhase, in batch: SequenceBatch) -> Int {
    guard let mask = phase.participates else { return tokenCount }
    return zip(sequences, shares).reduce(0) { sum, sequence in
      guard sequence.1 > 0 else { return sum }
      return sum + mask[batch.tokens(ofSequence: sequence.0)].count { $0 }
    }
  }

  /// Cuts a batch into mini-batches of `prompts` groups.
  ///
  /// - Parameter isMasked: whether each of the batch's sequences is left out of the update. A
  ///   masked sequence gets no weight and is in no denominator. `nil`: none is masked.
  package static func cut(
    _ batch: SequenceBatch, prompts: Int, aggregation: Aggregation, isMasked: [Bool]? = nil
  ) -> [Minibatch] {
    stride(from: 0, to: batch.groupCount, by: max(1, prompts)).map { first in
      let last = min(first + max(1, prompts), batch.groupCount) - 1
      let start = batch.sequences(ofGroup: first).lowerBound
      let members = start..<batch.sequences(ofGroup: last).upperBound
      let counts = members.map { !(isMasked?[$0] ?? false) }
      let counted = zip(members, counts).filter { $0.1 }.map(\.0)
      return Minibatch(
        sequences: members, tokens: batch.tokens(ofSequences: members),
        shares: aggregation.shares(of: batch, members: members, counts: counts),
        tokenCount: counted.reduce(0) { $0 + batch.tokens(ofSequence: $1).count },
        sequenceCount: counted.count)
    }
  }
}

extension [Minibatch] {
  /// The bounds of the mini-batches, in the form of `RolloutBatch.minibatchOffsets`.
  package var offsets: [Int] { [0] + map(\.sequences.upperBound) }
}
