import FulcrumKernel
import PluginTesting
import Testing

private func rewards(of batch: RolloutBatch) -> [Float] {
  (0..<batch.sequences.sequenceCount).map { batch.rewards[$0] }
}

private func values(of column: Column, in batch: RolloutBatch) throws -> [Float] {
  let values = try batch.column(column)
  return (0..<batch.sequences.tokenCount).map { values[$0] }
}

@Suite struct SampleTests {
  private static let own: [Column] = [
    .rolloutLogProbabilities, .oldLogProbabilities, .referenceLogProbabilities, .entropies, .levers,
  ]

  static let batches: [@Sendable () -> RolloutBatch] = [
    { SampleBatches.empty }, { SampleBatches.emptyGroups }, { SampleBatches.noTokens },
    { SampleBatches.oneToken }, { SampleBatches.handSized }, { SampleBatches.ragged },
    { SampleBatches.twoMinibatches }, { SampleBatches.extreme },
    { SampleBatches.random(seed: 5, lengths: [[1, 2], [3]]) },
  ]

  @Test func `every batch has every column, finite and within its bounds, and is the same again`()
    throws
  {
    for make in Self.batches {
      let batch = make()
      for column in Self.own {
        #expect(batch.has(column))
        let numbers = try values(of: column, in: batch)
        #expect(numbers.allSatisfy { $0.isFinite })
        let again = try values(of: column, in: make())
        #expect(numbers.map(\.bitPattern) == again.map(\.bitPattern))
        if column == .entropies || column == .levers {
          #expect(numbers.allSatisfy { $0 >= 0 })
        } else {
          #expect(numbers.allSatisfy { $0 <= 0 })
        }
      }
      #expect(rewards(of: batch) == rewards(of: make()))
    }
  }

  @Test func `another seed gives other numbers`() {
    let one = SampleBatches.random(seed: 1, lengths: [[2, 2]])
    let other = SampleBatches.random(seed: 2, lengths: [[2, 2]])
    #expect(rewards(of: one) != rewards(of: other))
  }

  @Test func `the hand-sized batch is what its table says`() throws {
    let batch = SampleBatches.handSized
    #expect(rewards(of: batch) == [1, 0, 0.5, -0.5])
    #expect(try values(of: .oldLogProbabilities, in: batch) == [-0.5, -1, -2, -0.25, -4, -1.5, 0])
    #expect((0..<4).map { batch.sequences.tokens(ofSequence: $0).count } == [2, 1, 1, 3])
    #expect((0..<4).map { batch.sequences.group(ofSequence: $0) } == [0, 0, 1, 1])
  }

  @Test func `two mini-batches hold whole groups`() {
    let batch = SampleBatches.twoMinibatches
    let offsets = (0..<3).map { batch.minibatchOffsets[$0] }
    #expect(offsets == [0, 4, 10])
    #expect(SampleBatches.ragged.keeping([]).sequences.groupCount == 5)
  }

  @Test func `a batch keeps the columns that are asked for, and no others`() throws {
    let batch = SampleBatches.twoMinibatches
    let kept = batch.keeping([.entropies])
    #expect(kept.columns.columns == [.entropies])
    #expect(try values(of: .entropies, in: kept) == values(of: .entropies, in: batch))
    let offsets = kept.minibatchOffsets.count
    #expect(offsets == 3)
  }

  @Test func `a column that a batch lacks is made up, and moves with its tokens`() throws {
    let batch = SampleBatches.random(seed: 6, lengths: [[4, 1], [3]])
    let needs: Set<Column> = [
      .topProbabilities, .ranks, .massAbove(0.5), .topTokens(4), .topLogProbabilities(4),
      Column(.reference, .entropy),
    ]
    let kept = batch.keeping(needs)
    let turned = batch.withGroups(inOrder: [1, 0]).keeping(needs)
    for column in needs {
      let width = column.statistic.width
      let values = kept.columns.array(of: column)
      #expect(values.count == 8 * width)
      #expect(values.allSatisfy { $0.isFinite })
      let moved = turned.columns.array(of: column)
      #expect(Array(moved[..<(3 * width)]) == Array(values[(5 * width)...]))
    }
    let tops = kept.columns.array(of: .topProbabilities)
    let ranks = kept.columns.array(of: .ranks)
    let logs = batch.columns.array(of: .oldLogProbabilities)
    for token in 0..<8 {
      #expect(tops[token] >= exp(logs[token]) && tops[token] <= 1)
      #expect((ranks[token] == 0) == (tops[token] == exp(logs[token])))
    }
  }

  @Test func `groups move with all that is theirs`() throws {
    let batch = SampleBatches.handSized
    let turned = batch.withGroups(inOrder: [1, 0])
    #expect(rewards(of: turned) == [0.5, -0.5, 1, 0])
    let isFinished = (0..<4).map { turned.isFinished[$0] }
    #expect(isFinished == [false, true, true, true])
    #expect(
      try values(of: .oldLogProbabilities, in: turned) == [-0.25, -4, -1.5, 0, -0.5, -1, -2])
    let sequences = turned.sequences
    let tokens = (0..<7).map { sequences.tokens[$0] }
    #expect(tokens == [8, 9, 10, 11, 5, 6, 7])
    let prompts = (0..<3).map { sequences.promptTokens[$0] }
    #expect(prompts == [3, 1, 2])
  }

  @Test func `a mini-batch gives its pieces their own shares and the whole's denominators`() throws
  {
    var minibatch = ObjectiveMinibatch(
      current: [-1, -2, -3], old: [-1, -1, -1], advantages: [1, 2, 3], lengths: [1, 2])
    minibatch.shares = [0.5, 0.25]
    var counts: [Int] = []
    var numbers: [Double] = []
    try minibatch.withInput(of: 1..<2) { input in
      counts = [
        input.tokenCount, input.sequenceCount, input.minibatchTokenCount,
        input.minibatchSequenceCount, input.tokens(ofSequence: 0).upperBound,
        input.referenceLogProbabilities.count, input.survey.count,
      ]
      numbers = [input.share(ofSequence: 0), Double(input.logProbabilities[1])]
    }
    #expect(counts == [2, 1, 3, 2, 2, 0, 0])
    #expect(numbers == [0.25, -3])
    var participants: [Int] = []
    try minibatch.withInput(of: 0..<2, participants: TokenMask([false, true, true])) { input in
      participants = [
        input.tokenCount, input.tokens(ofSequence: 0).count, input.tokens(ofSequence: 1).count,
        Int(input.advantages[0]), input.minibatchTokenCount,
      ]
    }
    #expect(participants == [2, 0, 2, 2, 3])
    #expect(minibatch.keeping([]).old.isEmpty)
    #expect(minibatch.keeping([.oldLogProbabilities]).old == [-1, -1, -1])
  }

  @Test func `log-probabilities of random mini-batches are multiples that stay below 0 when moved`()
  {
    for seed in 1...20 as ClosedRange<UInt64> {
      let minibatch = ObjectiveMinibatch.random(seed: seed)
      for value in minibatch.current + minibatch.old + minibatch.reference {
        #expect(value <= -0.125)
        #expect((value * 1024).rounded() == value * 1024)
      }
    }
  }
}
