import FulcrumKernel

/// A rollout batch that no policy made: ragged completions, plausible columns, some rewards.
struct MadeUpBatch {
  let sequences: SequenceBatch
  let rewards: [Float]
  let columns: [Column: [Float]]

  private static let groups = 8
  private static let samples = 8
  /// The tokens of a completion, on average. All in all 4,096: a leak of one column a call is 16 KiB.
  private static let length = 64

  init() {
    var random = CounterRandom(seed: 1, purpose: "plugin-check").stream(0)
    var completions: [[[Int32]]] = []
    for _ in 0..<Self.groups {
      var group: [[Int32]] = []
      // Every second one is shorter by as much as the next is longer, so that the sum is known.
      for sample in 0..<Self.samples {
        let count = sample.isMultiple(of: 2) ? Self.length - 3 : Self.length + 3
        group.append((0..<count).map { _ in Int32(random.uniform() * 256) })
      }
      completions.append(group)
    }
    sequences = SequenceBatch(
      prompts: (0..<Self.groups).map { [Int32($0), 1, 2] }, completions: completions)
    rewards = (0..<sequences.sequenceCount).map { _ in random.uniform() < 0.5 ? 0 : 1 }

    let old = (0..<sequences.tokenCount).map { _ in Float(-4 * random.uniform()) }
    columns = [
      .rolloutLogProbabilities: old,
      .oldLogProbabilities: old,
      .referenceLogProbabilities: old.map { $0 - Float(random.uniform()) },
      .entropies: old.map { _ in Float(3 * random.uniform()) },
      .levers: old.map { _ in Float(random.uniform()) },
    ]
  }

  /// Returns the batch in two mini-batches, with the columns that were declared and no others.
  func batch(needs: Set<Column>) -> RolloutBatch {
    RolloutBatch(
      sequences: sequences, rewards: rewards, isFinished: nil,
      columns: columns.filter { needs.contains($0.key) }, step: 1,
      minibatchOffsets: [0, sequences.sequenceCount / 2, sequences.sequenceCount])
  }

  /// The values that a chain of transforms begins with: each token has its sequence's reward.
  var returns: [Float] {
    (0..<sequences.sequenceCount).flatMap { sequence in
      sequences.tokens(ofSequence: sequence).map { _ in rewards[sequence] }
    }
  }

  func column(_ column: Column) -> [Float] { columns[column] ?? [] }

  /// The batch's size, for tables: `4096 tokens in 64 sequences`.
  var description: String {
    "\(sequences.tokenCount) tokens in \(sequences.sequenceCount) sequences"
  }
}
