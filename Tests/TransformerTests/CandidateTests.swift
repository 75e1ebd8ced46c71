import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Weights on tokens that were not drawn, against weights on the same tokens as drawn ones.
@Suite struct CandidateTests {
  private static let top = 3
  private let batch = SequenceBatch(
    prompts: [[5, 6, 7], [8, 9]],
    completions: [[[10, 11, 12, 13], [14, 15]], [[16], [17, 18, 19, 20, 21], [22, 23]]])

  /// The weight of a candidate. The sequence 14, 15 has none at all, the last one has these alone.
  private func weight(_ token: Int, _ candidate: Int) -> Float {
    (4...5).contains(token) ? 0 : Float((token * 7 + candidate * 3) % 11) / 4 - 1
  }

  private func drawn(_ token: Int) -> Float { token < 4 ? 0.5 : 0 }
  private func pull(_ token: Int) -> Float { token == 7 ? 0.75 : 0 }

  private func gradient(of policy: TransformerPolicy) throws -> [Float] {
    let network = try #require(policy.network)
    return network.layout.tensors.flatMap { policy.gradient(of: $0) }
  }

  private func accumulate(
    by policy: TransformerPolicy, temperature: Float, participants: TokenMask = .all
  ) throws -> (gradient: [Float], listed: [Int: [Int32]]) {
    var listed: [Int: [Int32]] = [:]
    try policy.accumulateGradient(
      of: batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: temperature, statistics: [.topTokens(Self.top)]),
      participants: participants, candidateCount: Self.top,
      weighWithCandidates: {
        (tokens, scores, weights, pulls, candidates) throws(FulcrumError) in
        let top = try scores.values(of: .topTokens(Self.top))
        #expect(candidates.count == Self.top * tokens.count)
        for place in tokens.indices {
          weights[place] = drawn(tokens[place])
          pulls[place] = pull(tokens[place])
          for k in 0..<Self.top {
            candidates[place * Self.top + k] = weight(tokens[place], k)
            listed[tokens[place], default: []].append(Int32(top[place * Self.top + k]))
          }
        }
      })
    return (try gradient(of: policy), listed)
  }

  /// Every candidate as the last, drawn token of a sequence of its own.
  private func expected(_ listed: [Int: [Int32]], temperature: Float) throws -> [Float] {
    let policy = try Fixtures.smallPolicy()
    try policy.accumulate(
      batch, weights: (0..<batch.tokenCount).map(drawn),
      entropyWeights: (0..<batch.tokenCount).map(pull), temperature: temperature)
    for sequence in 0..<batch.sequenceCount {
      let group = batch.group(ofSequence: sequence)
      let prompt = (batch.promptOffsets[group]..<batch.promptOffsets[group + 1]).map {
        batch.promptTokens[$0]
      }
      let places = batch.tokens(ofSequence: sequence)
      for (number, token) in places.enumerated() {
        for (k, candidate) in (listed[token] ?? []).enumerated() {
          let own = places.prefix(number).map { batch.tokens[$0] } + [candidate]
          let one = SequenceBatch(prompts: [prompt], completions: [[own]])
          try policy.accumulate(
            one, weights: Array(repeating: 0, count: number) + [weight(token, k)],
            temperature: temperature)
        }
      }
    }
    return try gradient(of: policy)
  }

  @Test(arguments: [1, 0.6] as [Float], [0, 12])
  func `the gradient is that of the tokens as drawn ones`(temperature: Float, pieces: Int) throws {
    let policy = try Fixtures.smallPolicy(
      threads: 2, more: pieces == 0 ? [:] : ["microbatch-tokens": .integer(pieces)])
    let (got, listed) = try accumulate(by: policy, temperature: temperature)
    #expect(listed.count == batch.tokenCount)
    let want = try expected(listed, temperature: temperature)
    let largest = want.reduce(0) { max($0, abs($1)) }
    // Sums of a few dozen products in other orders, in Float.
    for (got, want) in zip(got, want) { #expect(abs(got - want) <= 4e-6 * largest) }
    #expect(largest > 0.01)
  }

  @Test func `the number of threads changes no bit`() throws {
    let one = try accumulate(by: Fixtures.smallPolicy(threads: 1), temperature: 1).gradient
    let two = try accumulate(by: Fixtures.smallPolicy(threads: 2), temperature: 1).gradient
    #expect(one == two)
  }

  @Test func `tokens that take no part have no candidates`() throws {
    let mask = TokenMask((0..<batch.tokenCount).map { $0 != 2 && $0 < 9 })
    let (_, listed) = try accumulate(
      by: Fixtures.smallPolicy(), temperature: 1, participants: mask)
    #expect(listed.keys.sorted() == [0, 1, 3, 4, 5, 6, 7, 8])
  }

  @Test func `candidates out of bounds are refused`() throws {
    let policy = try Fixtures.smallPolicy()
    let vocabulary = try #require(policy.network).shape.vocabularySize
    for count in [0, -1, vocabulary + 1] {
      let error = #expect(throws: FulcrumError.self) {
        try policy.accumulateGradient(
          of: batch, sequences: 0..<1, request: ScoreRequest(temperature: 1), participants: .all,
          candidateCount: count, weighWithCandidates: { (_, _, _, _, _) throws(FulcrumError) in })
      }
      #expect(error?.code == .usage)
      #expect(
        error?.description
          == "transformer: expected 1 to \(vocabulary) candidates a place, got \(count)")
    }
  }
}
