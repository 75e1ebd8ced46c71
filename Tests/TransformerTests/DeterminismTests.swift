import FulcrumKernel
import Synchronization
import Testing
import TransformerFormats
import TransformerPlugin

struct DeterminismTests {
  /// Some hundred rows: several tiles, and sequences of many lengths.
  private let batch: SequenceBatch

  init() {
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    for group in 0..<6 {
      let promptLength = 5 + group * 3
      prompts.append((0..<promptLength).map { Int32(3 + $0 * (group + 1)) })
      var samples: [[Int32]] = []
      for sample in 0..<4 {
        let length = (group * 7 + sample * 11) % 40 + 1
        samples.append((0..<length).map { Int32(3 + ($0 * 31 + sample * 5) % 270) })
      }
      completions.append(samples)
    }
    batch = SequenceBatch(prompts: prompts, completions: completions)
  }

  private func trained(
    _ family: ModelFamily, threads: Int
  ) throws -> (bits: [UInt32], gradient: [UInt32], generation: Generation) {
    let policy = try Fixtures.variedPolicy(
      family, threads: threads, more: ["microbatch-tokens": .integer(300)])
    for step in 0..<3 {
      let weights = (0..<batch.tokenCount).map { Float(($0 * 7 + step) % 5) - 2 }
      try policy.accumulate(batch, weights: weights)
      _ = try policy.applyGradient(learningRate: 0.01)
    }
    // With 6 · 50 samples threads share out columns, in slabs, or rows, by their number.
    let generation = try policy.generate(
      GenerationRequest(
        prompts: (0..<6).map { .init(tokens: [Int32(7 + $0), 9, 4], id: UInt32($0)) },
        samplesPerPrompt: 50, maximumTokens: 30, temperature: 1, seed: 3, step: 1))
    let bits = policy.parameterBits
    try policy.accumulate(batch, weights: (0..<batch.tokenCount).map { Float($0 % 3) + 1 })
    let network = try #require(policy.network)
    let gradient = network.layout.tensors.flatMap { policy.gradient(of: $0).map(\.bitPattern) }
    return (bits, gradient, generation)
  }

  @Test(arguments: ModelFamily.allCases)
  func `steps, gradients and samples are the same bits for 1 to 16 threads`(
    _ family: ModelFamily
  ) throws {
    let one = try trained(family, threads: 1)
    // More threads than processors, too: the system stops them anywhere.
    for threads in [2, 3, 4, 7, 8, 16] {
      let more = try trained(family, threads: threads)
      #expect(more.bits == one.bits)
      #expect(more.gradient == one.gradient)
      #expect(more.generation.logProbabilities == one.generation.logProbabilities)
      #expect(
        more.generation.sequences.tokens.indices.allSatisfy {
          more.generation.sequences.tokens[$0] == one.generation.sequences.tokens[$0]
        })
    }
  }

  @Test func `scores don't depend on how sequences are packed`() throws {
    let whole = try Fixtures.smallPolicy(threads: 2)
    let pieces = try Fixtures.smallPolicy(more: ["microbatch-tokens": .integer(1)])
    let expected = try whole.allScores(batch)
    let got = try pieces.allScores(batch)
    #expect(got.logProbabilities == expected.logProbabilities)
    #expect(got.entropies == expected.entropies)
    #expect(got.levers == expected.levers)
  }

  @Test func `pieces partition the sequences within the limit`() throws {
    let policy = try Fixtures.smallPolicy(more: ["microbatch-tokens": .integer(100)])
    var end = 3
    try policy.score(batch, sequences: 3..<20, request: ScoreRequest(temperature: 1)) {
      tokens, scores in
      #expect(scores.logProbabilities.count == tokens.count)
      let range = end..<(end..<20).last { batch.offsets[$0] < tokens.upperBound }! + 1
      #expect(batch.tokens(ofSequences: range) == tokens)
      var rows = 0
      var groups: Set<Int> = []
      for sequence in range {
        let group = batch.group(ofSequence: sequence)
        if groups.insert(group).inserted {
          rows += batch.promptOffsets[group + 1] - batch.promptOffsets[group]
        }
        rows += batch.tokens(ofSequence: sequence).count - 1
      }
      #expect(rows <= 100 || range.count == 1)
      end = range.upperBound
    }
    #expect(end == 20)
  }

  @Test(arguments: [1, 2, 5])
  func `a pool runs every item once, loop after loop`(threads: Int) {
    let pool = ThreadPool(threads: threads)
    #expect(pool.threadCount == threads)
    let runs = (0..<97).map { _ in Counter() }
    for round in 1...300 {
      pool.run(round % 98) { item, worker in
        runs[item].value.add(1, ordering: .relaxed)
        if worker < 0 || worker >= threads { runs[item].value.add(1000, ordering: .relaxed) }
      }
    }
    for (item, counter) in runs.enumerated() {
      let expected = (1...300).count { $0 % 98 > item }
      #expect(counter.value.load(ordering: .relaxed) == expected)
    }
  }

  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  @Test func `tiles cover the rows once, at multiples of 32`() {
    for rows in [1, 31, 32, 33, 128, 129, 500, 1000, 8191] {
      let tiles = RowTiles(rowCount: rows)
      var next = 0
      for tile in 0..<tiles.count {
        let (first, count, padded) = tiles[tile]
        #expect(first == next && first % 32 == 0)
        #expect(count >= 1 && count <= padded && padded % 32 == 0 && padded - count < 32)
        next += count
      }
      #expect(next == rows)
    }
  }
}
