import FulcrumKernel

/// Small batches for tests, with log-probabilities, entropies and levers. Other columns are made up when
/// they are asked for (`RolloutBatch.keeping`).
///
/// Log-probabilities are multiples of 2⁻¹⁰ nats, so that sums and differences of a few are exact.
public enum SampleBatches {
  /// No prompts.
  public static var empty: RolloutBatch { random(seed: 0, lengths: []) }

  /// Two prompts without completions.
  public static var emptyGroups: RolloutBatch { random(seed: 0, lengths: [[], []]) }

  /// Two prompts of one and two completions, none of which has a token.
  public static var noTokens: RolloutBatch { random(seed: 0, lengths: [[0], [0, 0]]) }

  /// One completion of one token.
  public static var oneToken: RolloutBatch { random(seed: 1, lengths: [[1]]) }

  /// Two prompts of two completions each, numbers that a hand can follow: all are exact in binary.
  ///
  /// | prompt | completion | tokens | reward | log π_old |
  /// |---|---|---|---|---|
  /// | 0 | 0 | 2 | 1 | −0.5, −1 |
  /// | 0 | 1 | 1 | 0 | −2 |
  /// | 1 | 2 | 1 | 0.5 | −0.25 |
  /// | 1 | 3 | 3 | −0.5 | −4, −1.5, 0 |
  ///
  /// The sampler recorded the same log-probabilities; the reference's are 0.25 lower. Entropies are
  /// 2, 1.5 … −1 steps of 0.25; levers a quarter of that.
  public static var handSized: RolloutBatch {
    let old: [Float] = [-0.5, -1, -2, -0.25, -4, -1.5, 0]
    let entropies: [Float] = [2, 1.75, 1.5, 1.25, 1, 0.75, 0.5]
    return RolloutBatch(
      sequences: SequenceBatch(
        prompts: [[1, 2], [3]], completions: [[[5, 6], [7]], [[8], [9, 10, 11]]]),
      rewards: [1, 0, 0.5, -0.5], isFinished: [true, true, false, true],
      columns: [
        .oldLogProbabilities: old, .rolloutLogProbabilities: old,
        .referenceLogProbabilities: old.map { $0 - 0.25 }, .entropies: entropies,
        .levers: entropies.map { $0 / 4 },
      ], step: 1, minibatchOffsets: [0, 4])
  }

  /// Prompts of four, none, one, two and three completions, two of which have no tokens.
  public static var ragged: RolloutBatch { random(seed: 2, lengths: raggedLengths) }

  /// The ragged batch's lengths, in two mini-batches: the first two prompts, and the others.
  public static var twoMinibatches: RolloutBatch {
    random(seed: 3, lengths: raggedLengths, minibatchGroups: [2, 3])
  }

  /// The greatest values that a run could meet: rewards of ±10³⁰, log π of −80 and 0.
  public static var extreme: RolloutBatch {
    let logs: [Float] = [-80, 0, -80, 0, 0, -80, -1]
    return RolloutBatch(
      sequences: SequenceBatch(
        prompts: [[1], [1], [1]], completions: [[[5, 6], [7]], [[8], [9]], [[4, 5]]]),
      rewards: [1e30, -1e30, 1e30, 1e30, -1e-30], isFinished: nil,
      columns: [
        .oldLogProbabilities: logs, .rolloutLogProbabilities: logs,
        .referenceLogProbabilities: logs.reversed(),
        .entropies: [0, 12, 0, 12, 3, 0, 0], .levers: [1.4142135, 0, 1.4142135, 0, 0, 1, 0.5],
      ], step: 1, minibatchOffsets: [0, 5])
  }

  /// Random values by a seed.
  ///
  /// - Parameters:
  ///   - seed: equal seeds give equal values.
  ///   - lengths: for each prompt the lengths of its completions.
  ///   - minibatchGroups: how many prompts each mini-batch has; `nil`: one mini-batch.
  /// - Precondition: the mini-batches have as many prompts as there are.
  public static func random(
    seed: UInt64, lengths: [[Int]], minibatchGroups: [Int]? = nil
  ) -> RolloutBatch {
    var numbers = SampleNumbers(seed: seed)
    let completions = lengths.map { group in
      group.map { length in (0..<length).map { _ in Int32.random(in: 4..<260, using: &numbers) } }
    }
    let sequences = SequenceBatch(
      prompts: lengths.map { _ in [1, Int32.random(in: 4..<260, using: &numbers)] },
      completions: completions)
    let count = sequences.tokenCount
    let old = (0..<count).map { _ in numbers.logarithm(in: -5...0) }
    var offsets = [0]
    var group = 0
    for size in minibatchGroups ?? [lengths.count] {
      group += size
      offsets.append(sequences.groupOffsets[group])
    }
    return RolloutBatch(
      sequences: sequences,
      rewards: (0..<sequences.sequenceCount).map { _ in numbers.number(in: -3...3) },
      isFinished: (0..<sequences.sequenceCount).map { _ in numbers.next() % 4 != 0 },
      columns: [
        .oldLogProbabilities: old,
        .rolloutLogProbabilities: old.map { $0 - numbers.logarithm(in: 0...0.25) },
        .referenceLogProbabilities: old.map { $0 + numbers.logarithm(in: -1 ... -0.125) },
        .entropies: old.map { _ in numbers.number(in: 0...3) },
        .levers: old.map { _ in numbers.number(in: 0...1.4142135) },
      ], step: 1, minibatchOffsets: offsets)
  }

  static let raggedLengths = [[3, 0, 5, 1], [], [4], [2, 7], [0, 1, 6]]
}

/// The numbers of random samples: a function of the seed.
struct SampleNumbers: RandomNumberGenerator {
  private var stream: RandomStream

  init(seed: UInt64) { stream = CounterRandom(seed: seed, purpose: "samples").stream(0) }

  mutating func next() -> UInt64 { stream.next() }

  mutating func number(in range: ClosedRange<Double>) -> Float {
    Float(range.lowerBound + stream.uniform() * (range.upperBound - range.lowerBound))
  }

  /// A multiple of 2⁻¹⁰.
  mutating func logarithm(in range: ClosedRange<Double>) -> Float {
    Float((Double(number(in: range)) * 0x1p10).rounded() * 0x1p-10)
  }
}
