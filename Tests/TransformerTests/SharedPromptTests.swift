import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Sequences of a group share their prompt's rows; nothing that they give may show it.
struct SharedPromptTests {
  /// Prompts of 1 to 33 tokens, of which the second begins at a row that is no multiple of anything;
  /// ragged completions, some of them empty or of one token, first, last and all of a group.
  private static let promptLengths = [1, 5, 16, 33, 2, 7]
  private static let completionLengths = [
    [4, 0, 1, 9], [1, 12, 3, 3, 5, 1], [0, 40, 2, 17, 6, 5, 5, 30], [1, 1, 20], [0, 0], [8],
  ]

  private let batch: SequenceBatch

  init() {
    var token: Int32 = 0
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in
        token = (token * 37 + 11) % 251
        return 3 + token
      }
    }
    batch = SequenceBatch(
      prompts: Self.promptLengths.map(tokens),
      completions: Self.completionLengths.map { $0.map(tokens) })
  }

  private var weights: [Float] { (0..<batch.tokenCount).map { Float($0 * 7 % 11) / 4 - 1 } }

  /// The batch's sequences, each with a copy of its prompt.
  private func apart(_ isKept: (Int) -> Bool = { _ in true }) -> [SequenceBatch] {
    (0..<batch.sequenceCount).filter(isKept).map { batch.selecting([$0]) }
  }

  private func gradients(_ policy: TransformerPolicy) throws -> [(name: String, values: [Float])] {
    try #require(policy.network).layout.tensors.map { ($0.name, policy.gradient(of: $0)) }
  }

  @Test(arguments: ModelFamily.allCases, [1, 40, 60, 8192])
  func `scores have the bits of sequences on their own`(
    _ family: ModelFamily, limit: Int
  ) throws {
    let policy = try Fixtures.variedPolicy(
      family, threads: 2, more: ["microbatch-tokens": .integer(limit)])
    let shared = try policy.allScores(batch, temperature: 0.7)
    let alone = try apart().map { try policy.allScores($0, temperature: 0.7) }
    #expect(shared.logProbabilities == alone.flatMap(\.logProbabilities))
    #expect(shared.entropies == alone.flatMap(\.entropies))
    #expect(shared.levers == alone.flatMap(\.levers))
    #expect(shared.logProbabilities.count == batch.tokenCount)
  }

  @Test(arguments: ModelFamily.allCases, [50, 8192])
  func `the gradient is the sum of the sequences' own`(_ family: ModelFamily, limit: Int) throws {
    let shared = try Fixtures.variedPolicy(
      family, threads: 2, more: ["microbatch-tokens": .integer(limit)])
    let alone = try Fixtures.variedPolicy(family)
    try shared.accumulate(batch, weights: weights)
    for sequence in 0..<batch.sequenceCount {
      try alone.accumulate(
        batch.selecting([sequence]), weights: Array(weights[batch.tokens(ofSequence: sequence)]))
    }
    for (got, expected) in zip(try gradients(shared), try gradients(alone)) {
      let largest = expected.values.reduce(0) { max($0, abs($1)) }
      let fault = zip(got.values, expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      // Only the order of float32 sums differs: over 24 sequences it was at most 1e-6 on AVX-512.
      #expect(largest > 0 && fault < 2e-6 * largest, "\(got.name): \(fault / largest)")
    }
  }

  @Test(arguments: ModelFamily.allCases)
  func `the gradient has the same bits for 1, 2 and 3 threads`(_ family: ModelFamily) throws {
    let bits = try [1, 2, 3].map { threads in
      let policy = try Fixtures.variedPolicy(family, threads: threads)
      try policy.accumulate(batch, weights: weights)
      return try gradients(policy).flatMap(\.values).map(\.bitPattern)
    }
    #expect(bits[1] == bits[0])
    #expect(bits[2] == bits[0])
  }

  /// Left out: first, middle and last ones of a group, a whole group, and the last one.
  @Test(arguments: ModelFamily.allCases, [1 << 25, 1])
  func `sequences without weights take no part in the backward pass`(
    _ family: ModelFamily, logitsBudget: Int
  ) throws {
    let dropped: Set = [0, 3, 5, 6, 9, 12, 17, 18, 19, 20, 23]
    let kept = (0..<batch.sequenceCount).filter { !dropped.contains($0) }
    let all = try Fixtures.variedPolicy(family, threads: 2)
    let part = try Fixtures.variedPolicy(family)
    for policy in [all, part] { try #require(policy.network).logitsBudget = logitsBudget }
    var some = weights
    for sequence in dropped {
      for i in batch.tokens(ofSequence: sequence) { some[i] = 0 }
    }
    try all.accumulate(batch, weights: some)
    try part.accumulate(
      batch.selecting(kept), weights: kept.flatMap { some[batch.tokens(ofSequence: $0)] })
    #expect(try gradients(all).flatMap(\.values) == gradients(part).flatMap(\.values))
  }

  @Test func `a group shares its prompt's rows and its last row's predictions`() {
    let batch = SequenceBatch(
      prompts: [[11, 12, 13], [14, 15]],
      completions: [[[], [21, 22, 23], [24], [25, 26]], [[27, 28]]])
    let packed = PackedBatch(batch, sequences: 0..<5)
    #expect(packed.rowCount == 9)
    #expect(packed.tokens.prefix(9) == [11, 12, 13, 21, 22, 25, 14, 15, 27])
    #expect(packed.positions.prefix(9) == [0, 1, 2, 3, 4, 3, 0, 1, 2])
    #expect(packed.targets == [21, 22, 23, 24, 25, 26, 27, 28])
    #expect(packed.predictingRows == [2, 3, 4, 2, 2, 5, 7, 8])
    #expect(packed.repeatedTokens == [3, 4])
    // 32 rows with padding; no two tokens write to one row.
    #expect(packed.gradientRows == [2, 3, 4, 32, 33, 5, 7, 8])
    #expect(packed.runs == [0..<5, 5..<6, 6..<9])
    #expect(packed.chunks.map(\.prompt) == [0..<0, 0..<3, 0..<0])
    #expect(packed.sharedPrompts == [1..<2])
    #expect(packed.sumRowCount == 3)
  }

  /// 10 rows a prompt, and 4 rows each of nine completions of which the first comes with the prompt.
  @Test func `a chunk is closed once it has as many rows as its prompt`() {
    let prompt = [Int32](repeating: 5, count: 10)
    let completion = [Int32](repeating: 6, count: 5)
    let batch = SequenceBatch(
      prompts: [prompt, prompt],
      completions: [Array(repeating: completion, count: 9), [completion, completion]])
    let packed = PackedBatch(batch, sequences: 0..<11)
    #expect(packed.rowCount == 10 + 9 * 4 + 10 + 2 * 4)
    #expect(packed.chunks.map(\.runs) == [0..<1, 1..<4, 4..<7, 7..<9, 9..<10, 10..<11])
    #expect(packed.chunks.map(\.sumRow) == [0, 0, 10, 20, 30, 30])
    #expect(packed.sumRowCount == 40)
    #expect(packed.sharedPrompts == [1..<4, 5..<6])
  }

  /// Groups of 10 + 4 + 5 + 5 rows, with the second predictions of the prompt's last row.
  @Test func `pieces keep groups whole where they fit`() {
    let prompt = [Int32](repeating: 5, count: 10)
    let completions = Array(repeating: [Int32](repeating: 6, count: 5), count: 3)
    let batch = SequenceBatch(
      prompts: [prompt, prompt, prompt], completions: [completions, completions, completions])
    func pieces(_ limit: Int, _ sequences: Range<Int> = 0..<9) -> [Range<Int>] {
      PackedBatch.pieces(batch, sequences: sequences, limit: limit)
    }
    #expect(pieces(72) == [0..<9])
    #expect(pieces(71) == [0..<6, 6..<9])
    #expect(pieces(24) == [0..<3, 3..<6, 6..<9])
    #expect(pieces(23) == [0..<2, 2..<3, 3..<5, 5..<6, 6..<8, 8..<9])
    #expect(pieces(18) == (0..<9).map { $0..<$0 + 1 })
    #expect(pieces(1) == (0..<9).map { $0..<$0 + 1 })
    // 14 rows of the one sequence, and a whole group.
    #expect(pieces(38, 2..<6) == [2..<6])
    #expect(pieces(37, 2..<6) == [2..<3, 3..<6])
    let short = SequenceBatch(
      prompts: [[5, 5], [5]], completions: [Array(repeating: [6], count: 6), [[], [], [6]]])
    // 2 + 5 rows; empty completions join the piece before them.
    #expect(PackedBatch.pieces(short, sequences: 0..<9, limit: 7) == [0..<6, 6..<9])
    #expect(PackedBatch.pieces(short, sequences: 0..<9, limit: 4) == [0..<3, 3..<6, 6..<9])
  }
}

extension SequenceBatch {
  /// Some of the sequences, in order; groups stay together.
  fileprivate func selecting(_ sequences: [Int]) -> SequenceBatch {
    SequenceBatch(
      prompts: (0..<groupCount).map { group in
        (promptOffsets[group]..<promptOffsets[group + 1]).map { promptTokens[$0] }
      },
      completions: (0..<groupCount).map { group in
        self.sequences(ofGroup: group).filter(sequences.contains).map { sequence in
          tokens(ofSequence: sequence).map { tokens[$0] }
        }
      })
  }
}
