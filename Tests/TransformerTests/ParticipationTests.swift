import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Passes in which only some tokens take part: they cost less and give what zero weights give.
struct ParticipationTests {
  /// Ragged groups: some completions are empty or of one token.
  static let batch: SequenceBatch = {
    var state = 7
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in
        state = (state * 1103 + 12345) % 65537
        return Int32(3 + state % 250)
      }
    }
    let lengths = [
      [4, 0, 1, 9], [1, 12, 3, 3, 5, 1], [0, 40, 2, 17, 6, 5, 5, 30], [1, 1, 20], [0, 0], [8],
    ]
    return SequenceBatch(
      prompts: [1, 5, 16, 33, 2, 7].map(tokens), completions: lengths.map { $0.map(tokens) })
  }()

  /// Marks the tokens that take part.
  struct Mask: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let participates: [Bool]
    var tokens: TokenMask { TokenMask(participates) }

    init(_ name: String, _ participates: (_ sequence: Int, _ place: Int, _ token: Int) -> Bool) {
      testDescription = name
      var all: [Bool] = []
      for sequence in 0..<batch.sequenceCount {
        for (place, token) in batch.tokens(ofSequence: sequence).enumerated() {
          all.append(participates(sequence, place, token))
        }
      }
      self.participates = all
    }
  }

  /// Few and many, of some sequences and groups alone, at the front and behind.
  static let masks = [
    Mask("every token") { _, _, _ in true },
    Mask("one in seven") { _, _, token in token % 7 == 3 },
    Mask("six in seven") { _, _, token in token % 7 != 3 },
    Mask("first tokens") { _, place, _ in place == 0 },
    Mask("all but first tokens") { _, place, _ in place > 0 },
    Mask("early ones of odd sequences") { sequence, place, _ in sequence % 2 == 1 && place < 4 },
    Mask("one group") { sequence, _, token in (10..<18).contains(sequence) && token % 3 != 0 },
    Mask("one token") { sequence, place, _ in sequence == 13 && place == 5 },
    Mask("scattered") { sequence, _, token in (token * 2654435761 >> 7) % 5 < 2 && sequence != 9 },
  ]

  private static let weights = (0..<batch.tokenCount).map { Float($0 * 7 % 11) / 4 - 1.1 }
  private static let entropyWeights = (0..<batch.tokenCount).map { Float($0 * 5 % 7) / 8 - 0.4 }

  /// The ways to cut the work.
  private static let cuts: [[String: ParameterValue]] = [
    [:], ["microbatch-tokens": .integer(60)], ["packing": .flag(false)],
    ["share-prompts": .flag(false)],
    ["microbatch-tokens": .integer(50), "share-prompts": .flag(false)],
    ["logit-rows": .integer(32)],
  ]

  private func gradient(_ policy: TransformerPolicy) throws -> [Float] {
    try #require(policy.network).layout.tensors.flatMap { policy.gradient(of: $0) }
  }

  /// ‖x − y‖ / ‖y‖.
  private func distance(_ x: [Float], from y: [Float]) -> Double {
    let square = zip(x, y).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return (square / y.reduce(0) { $0 + Double($1) * Double($1) }).squareRoot()
  }

  /// Not to the bit: fewer rows make other tiles, and sums over tokens are taken tile by tile.
  @Test(arguments: ModelFamily.allCases, InvarianceTests.products)
  func `the gradient is that of zero weights elsewhere`(
    _ family: ModelFamily, _ products: ProductTests.Way
  ) throws {
    for mask in Self.masks {
      let zeroed = zip(Self.weights, mask.participates).map { $1 ? $0 : 0 }
      let zeroedEntropy = zip(Self.entropyWeights, mask.participates).map { $1 ? $0 : 0 }
      for isWithEntropy in [false, true] {
        let whole = try Fixtures.variedPolicy(family, threads: 2, more: products.parameters)
        if isWithEntropy {
          try whole.accumulate(
            Self.batch, weights: zeroed, entropyWeights: zeroedEntropy, temperature: 0.8)
        } else {
          try whole.accumulate(Self.batch, weights: zeroed, temperature: 0.8)
        }
        let expected = try gradient(whole)
        #expect(expected.contains { $0 != 0 })
        for cut in Self.cuts {
          let part = try Fixtures.variedPolicy(
            family, threads: 2, more: products.parameters.merging(cut) { $1 })
          // Weights of tokens that take no part are not asked for, so they may be anything.
          if isWithEntropy {
            try part.accumulate(
              Self.batch, weights: Self.weights, entropyWeights: Self.entropyWeights,
              temperature: 0.8, participants: mask.tokens)
          } else {
            try part.accumulate(
              Self.batch, weights: Self.weights, temperature: 0.8, participants: mask.tokens)
          }
          let distance = distance(try gradient(part), from: expected)
          #expect(distance < 1e-6, "\(mask.testDescription), \(cut): \(distance)")
        }
      }
    }
  }

  @Test(arguments: masks)
  func `exactly the tokens that take part are visited, with the scores of a whole pass`(
    _ mask: Mask
  ) throws {
    for cut in Self.cuts {
      let policy = try Fixtures.variedPolicy(.qwen3, threads: 2, more: cut)
      let scores = try policy.allScores(Self.batch, temperature: 0.7)
      var visited: [Int] = []
      var sequences: [Int] = []
      try policy.accumulateGradient(
        of: Self.batch, sequences: 2..<20, request: ScoreRequest(temperature: 0.7),
        participants: mask.tokens
      ) { tokens, now, weights in
        #expect(!tokens.isEmpty && now.tokenCount == tokens.count && weights.count == tokens.count)
        var own: Set<Int> = []
        for i in tokens.indices {
          visited.append(tokens[i])
          own.insert(Self.sequence(of: tokens[i]))
          #expect(weights[i] == 0)
          guard MatrixProduct.rowsStandAlone else { continue }
          #expect(now.logProbabilities[i] == scores.logProbabilities[tokens[i]])
          #expect(now.entropies[i] == scores.entropies[tokens[i]])
          #expect(now.levers[i] == scores.levers[tokens[i]])
        }
        sequences += own.sorted()
      }
      let range = Self.batch.tokens(ofSequences: 2..<20)
      #expect(visited == range.filter { mask.participates[$0] })
      // A sequence's tokens are in one piece.
      #expect(Set(sequences).count == sequences.count)
    }
  }

  private static func sequence(of token: Int) -> Int {
    (0..<batch.sequenceCount).last { batch.offsets[$0] <= token } ?? 0
  }

  @Test func `a mask of no token asks for nothing and adds nothing`() throws {
    let policy = try Fixtures.smallPolicy()
    let none = TokenMask(Array(repeating: false, count: Self.batch.tokenCount))
    try policy.accumulateGradient(
      of: Self.batch, sequences: 0..<Self.batch.sequenceCount,
      request: ScoreRequest(temperature: 1), participants: none
    ) { _, _, _ in Issue.record("nothing takes part") }
    #expect(try gradient(policy).allSatisfy { $0 == 0 })
  }

  @Test func `a sequence that can't be scored is refused whether it takes part or not`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4]], completions: [[[5, 6], [7, -1]]])
    let error = #expect(throws: FulcrumError.self) {
      try policy.accumulate(
        batch, weights: [1, 1, 1, 1], participants: TokenMask([true, true, false, false]))
    }
    #expect(error?.location == "sequence 1")
  }

  @Test(arguments: ModelFamily.allCases, masks)
  func `the gradient has the same bits for 1, 2 and 3 threads`(
    _ family: ModelFamily, _ mask: Mask
  ) throws {
    let bits = try [1, 2, 3].map { threads in
      let policy = try Fixtures.variedPolicy(family, threads: threads)
      try policy.accumulate(
        Self.batch, weights: Self.weights, entropyWeights: Self.entropyWeights,
        participants: mask.tokens)
      return try gradient(policy).map(\.bitPattern)
    }
    #expect(bits[1] == bits[0])
    #expect(bits[2] == bits[0])
  }

  /// Left out of the backward pass because of their weights, or of the whole pass by the mask: one
  /// gradient to the bit, as rows don't depend on their company.
  @Test(arguments: ModelFamily.allCases, masks)
  func `sequences without weights are as if they took no part`(
    _ family: ModelFamily, _ mask: Mask
  ) throws {
    guard MatrixProduct.rowsStandAlone else { return }
    let dropped: Set = [0, 3, 4, 6, 9, 11, 17, 18, 23]
    var some = Self.weights
    var rest = mask.participates
    for sequence in dropped {
      for token in Self.batch.tokens(ofSequence: sequence) {
        some[token] = 0
        rest[token] = false
      }
    }
    let weighed = try Fixtures.variedPolicy(family, threads: 2)
    let masked = try Fixtures.variedPolicy(family)
    try weighed.accumulate(Self.batch, weights: some, participants: mask.tokens)
    try masked.accumulate(Self.batch, weights: Self.weights, participants: TokenMask(rest))
    #expect(try gradient(weighed) == gradient(masked))
  }

  /// A group of a prompt of three tokens; the second completion has no token that takes part.
  @Test func `rows end before the last token that takes part`() {
    let batch = SequenceBatch(
      prompts: [[5, 6, 7], [8]],
      completions: [[[10, 11, 12, 13], [20, 21], [30, 31, 32], [40]], [[50, 51]]])
    let participants = TokenMask([
      false, true, false, false, false, false, true, false, true, true, false, false,
    ])
    let packed = PackedBatch(batch, sequences: 0..<5, participants: participants)
    #expect(packed.rowCount == 3 + 1 + 2)
    #expect(packed.tokens.prefix(6) == [5, 6, 7, 10, 30, 31])
    #expect(packed.positions.prefix(6) == [0, 1, 2, 3, 3, 4])
    #expect(packed.targets == [11, 30, 32, 40])
    #expect(packed.places == [1, 6, 8, 9])
    #expect(packed.predictingRows == [3, 2, 5, 2])
    #expect(packed.runs == [0..<4, 4..<6])
    #expect(packed.members.map(\.targets) == [0..<1, 1..<1, 1..<3, 3..<4, 4..<4])
    #expect(packed.exits?.rows == [2, 3, 5])
    #expect(packed.exitRows == [1, 0, 2, 0])
    // The prompt's last row predicts the third's and the fourth's first token.
    #expect(packed.repeatedTokens == [1, 3])
    #expect(packed.gradientRows == [1, 32, 2, 33])
    // 4, 2 and 1 rows or repeated predictions; the second and the last sequence have none.
    func pieces(_ limit: Int) -> [Range<Int>] {
      PackedBatch.pieces(batch, sequences: 0..<5, limit: limit, participants: participants)
    }
    #expect(pieces(8) == [0..<5])
    #expect(pieces(7) == [0..<3, 3..<5])
  }
}
