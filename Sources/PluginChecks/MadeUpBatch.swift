import FulcrumKernel

/// A rollout batch that no policy made: ragged completions, plausible columns, some rewards.
struct MadeUpBatch {
  let sequences: SequenceBatch
  let rewards: [Float]
  private let old: [Float]

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

    old = (0..<sequences.tokenCount).map { _ in Float(-4 * random.uniform()) }
  }

  /// Returns the batch in two mini-batches, with the columns that were declared and no others.
  func batch(needs: Set<Column>) -> RolloutBatch {
    RolloutBatch(
      sequences: sequences, rewards: rewards, isFinished: nil,
      columns: columns(needs), step: 1,
      minibatchOffsets: [0, sequences.sequenceCount / 2, sequences.sequenceCount])
  }

  /// The values that a chain of transforms begins with: each token has its sequence's reward.
  var returns: [Float] {
    (0..<sequences.sequenceCount).flatMap { sequence in
      sequences.tokens(ofSequence: sequence).map { _ in rewards[sequence] }
    }
  }

  /// The columns that were declared, each with plausible values.
  func columns(_ needs: Set<Column>) -> [Column: [Float]] {
    Dictionary(
      uniqueKeysWithValues: needs.filter { $0.policy != .current }.map { ($0, values(of: $0)) })
  }

  /// Plausible values of a column, the same for every call.
  func values(of column: Column) -> [Float] {
    var random = CounterRandom(seed: 2, purpose: column.name).stream(0)
    func draw(_ scale: Double) -> [Float] {
      (0..<sequences.tokenCount * column.statistic.width).map { _ in
        Float(scale * random.uniform())
      }
    }
    switch (column.policy, column.statistic) {
    case (.rollout, _), (.old, .logProbability): return old
    case (_, .logProbability): return zip(old, draw(1)).map { $0 - $1 }
    case (_, .entropy): return draw(3)
    case (_, .rank), (_, .topTokens): return draw(256).map { $0.rounded(.down) }
    case (_, .topLogProbabilities): return draw(-4)
    default: return draw(1)
    }
  }

  /// A statistic of the current policy. Its log-probabilities are a little away from the old ones, as after
  /// a first update.
  func currentValues(of statistic: TokenStatistic) -> [Float] {
    guard statistic == .logProbability else { return values(of: Column(.old, statistic)) }
    return old.enumerated().map { min(0, $1 + ($0.isMultiple(of: 2) ? 0.1 : -0.1)) }
  }

  /// The batch's size, for tables: `4096 tokens in 64 sequences`.
  var description: String {
    "\(sequences.tokenCount) tokens in \(sequences.sequenceCount) sequences"
  }
}
