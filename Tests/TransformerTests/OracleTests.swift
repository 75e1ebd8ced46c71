import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Scores and every single gradient against the `Double` oracle.
struct OracleTests {
  private static let temperature = 0.8
  private static let sequences: [[Int32]] = [
    [5, 40, 7, 7, 200, 3, 261], [17, 2, 90, 33], [8, 100, 259, 12, 12],
  ]
  private static let promptLengths = [3, 1, 2]
  private static let weights: [Float] = [0.7, -0.4, 1.25, 0.3, -1, 0.5, 0.9, 0, -0.6, 2]
  private static let entropyWeights: [Float] = [2, 1, -0.5, 0, 1.5, 3, -2, 0, 0, 0]

  private var batch: SequenceBatch {
    SequenceBatch(whole: Self.sequences, promptLengths: Self.promptLengths)
  }

  @Test(arguments: ModelFamily.allCases, [true, false])
  func `scores agree with the oracle at a temperature`(_ family: ModelFamily, tied: Bool) throws {
    let policy = try Fixtures.variedPolicy(family, tied: tied)
    let oracle = try DoubleOracle(policy)
    let scores = try policy.allScores(batch, temperature: Float(Self.temperature))
    var index = 0
    for (tokens, promptLength) in zip(Self.sequences, Self.promptLengths) {
      for t in promptLength..<tokens.count {
        let p = oracle.probabilities(
          after: Array(tokens.prefix(t)), temperature: Self.temperature)
        let token = Int(tokens[t])
        let entropy = -p.reduce(0) { $0 + $1 * log($1) }
        let lever = p.enumerated().reduce(0) {
          $0 + pow(($1.offset == token ? 1 : 0) - $1.element, 2)
        }.squareRoot()
        // Logits below 4 in float32 after two layers: some 20 roundings of 2e-7.
        #expect(abs(Double(scores.logProbabilities[index]) - log(p[token])) < 4e-6)
        #expect(abs(Double(scores.entropies[index]) - entropy) < 4e-6)
        #expect(abs(Double(scores.levers[index]) - lever) < 4e-6)
        index += 1
      }
    }
    #expect(index == scores.logProbabilities.count)
  }

  /// Tokens 0...11 only, so that a model of a few thousand parameters is enough.
  @Test(arguments: ModelFamily.allCases, [true, false])
  func `the gradient of every parameter agrees with central differences`(
    _ family: ModelFamily, tied: Bool
  ) throws {
    try checkGradients(Fixtures.tinyPolicy(family, tied: tied))
  }

  /// The same ten weights; completions of 3, 1, 0 and 2 tokens follow one prompt, and of 1 and 3
  /// another of one token.
  @Test(arguments: ModelFamily.allCases)
  func `the gradient of shared prompts agrees with central differences`(
    _ family: ModelFamily
  ) throws {
    let batch = SequenceBatch(
      prompts: [[5, 40, 7], [17]],
      completions: [[[7, 200, 3], [261], [], [90, 33]], [[2], [8, 100, 259]]])
    try checkGradients(Fixtures.tinyPolicy(family, tied: true), batch)
  }

  /// The entropy's weights alone, and with those of log π; a completion that has only one kind.
  @Test(arguments: ModelFamily.allCases, [true, false])
  func `the gradient of the entropy agrees with central differences`(
    _ family: ModelFamily, tied: Bool
  ) throws {
    try checkGradients(
      Fixtures.tinyPolicy(family, tied: tied), weights: Array(repeating: 0, count: 10),
      entropyWeights: Self.entropyWeights)
    try checkGradients(
      Fixtures.tinyPolicy(family, tied: tied),
      weights: [0.7, -0.4, 1.25, 0.3, 0, 0, 0, 0, -0.6, 2], entropyWeights: Self.entropyWeights)
  }

  /// Weights of tokens that take no part are not asked for. The first token of a shared prompt's
  /// completions takes part in some; one completion is cut, one is left out.
  @Test(arguments: ModelFamily.allCases)
  func `the gradient of some tokens agrees with central differences`(
    _ family: ModelFamily
  ) throws {
    let batch = SequenceBatch(
      prompts: [[5, 40, 7], [17]],
      completions: [[[7, 200, 3], [261], [], [90, 33]], [[2], [8, 100, 259]]])
    let participants = [true, false, false, true, false, false, true, false, true, true]
    try checkGradients(
      Fixtures.tinyPolicy(family, tied: true), batch, weights: Self.weights.map { $0 + 0.1 },
      participants: participants)
    try checkGradients(
      Fixtures.tinyPolicy(family, tied: false), batch, weights: Self.weights.map { $0 + 0.1 },
      entropyWeights: Self.entropyWeights.map { $0 - 0.3 }, participants: participants)
  }

  /// YaRN with a factor of 1 stretches nothing: only the growth of queries and keys is left.
  @Test func `the gradient takes part in the attention factor of scaled positions`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try Fixtures.tinyPolicy(.qwen3, tied: true).save(to: folder)
      try Fixtures.edit(folder + "/config.json") { config in
        config["rope_parameters"] = nil
        config["rope_scaling"] = [
          "rope_type": "yarn", "factor": 1, "original_max_position_embeddings": 16,
          "attention_factor": 1.5,
        ]
      }
      let policy = try Fixtures.policy(["checkpoint": .text(folder)])
      let shape = try #require(policy.network).shape
      #expect(shape.ropeScaling.attentionFactor == 1.5)
      try checkGradients(policy)
    }
  }

  func checkGradients(
    _ policy: TransformerPolicy, _ given: SequenceBatch? = nil,
    weights: [Float] = Self.weights, entropyWeights: [Float]? = nil,
    participants: [Bool]? = nil
  ) throws {
    let batch = (given ?? self.batch).folded(below: 12)
    #expect(batch.tokenCount == weights.count)
    let temperature = Float(Self.temperature)
    if let entropyWeights {
      try policy.accumulate(
        batch, weights: weights, entropyWeights: entropyWeights, temperature: temperature,
        participants: TokenMask(participants))
    } else {
      try policy.accumulate(
        batch, weights: weights, temperature: temperature, participants: TokenMask(participants))
    }
    func effective(_ weights: [Float]) -> [Float] {
      weights.indices.map { participants?[$0] ?? true ? weights[$0] : 0 }
    }
    let network = try #require(policy.network)
    let oracle = try DoubleOracle(policy)
    for tensor in network.layout.tensors {
      let gradient = policy.gradient(of: tensor)
      let numeric = numericGradient(
        oracle, tensor.name, batch, weights: effective(weights),
        entropyWeights: effective(entropyWeights ?? weights.map { _ in 0 }))
      #expect(numeric.count == gradient.count)
      let largest = numeric.reduce(0) { max($0, abs($1)) }
      let fault = zip(gradient, numeric).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      // Float32 against Double: sums over 10 tokens and 2 layers, each rounding 6e-8. The
      // differences' own error, h² / 6 of a third derivative plus 1e-16 / h, is below 1e-8.
      #expect(fault < 1e-5 * max(largest, 0.1), "\(tensor.name): \(fault) of \(largest)")
      #expect(largest > 0, "\(tensor.name) takes no part")
    }
  }

  @Test func `logits that don't fit the budget give the same gradient part by part`() throws {
    let tokens = (0..<95).map { Int32(3 + $0 * 37 % 250) }
    let batch = SequenceBatch(whole: [tokens, tokens.reversed()], promptLengths: [2, 2])
    let weights = (0..<batch.tokenCount).map { Float($0 % 7) - 3 }
    let whole = try Fixtures.smallPolicy()
    let parts = try Fixtures.smallPolicy(threads: 2)
    // A part is at least one tile: here a quarter of the 186 tokens, padded to 64.
    try #require(parts.network).logitsBudget = 1
    try whole.accumulate(batch, weights: weights)
    try parts.accumulate(batch, weights: weights)
    for tensor in try #require(whole.network).layout.tensors {
      let expected = whole.gradient(of: tensor)
      let largest = expected.reduce(0) { max($0, abs($1)) }
      let fault = zip(expected, parts.gradient(of: tensor)).reduce(0) { max($0, abs($1.0 - $1.1)) }
      // Only the order of float32 sums differs.
      #expect(largest > 0 && fault < 2e-6 * largest, "\(tensor.name): \(fault) of \(largest)")
    }
  }

  private func numericGradient(
    _ oracle: DoubleOracle, _ name: String, _ batch: SequenceBatch, weights: [Float],
    entropyWeights: [Float]
  ) -> [Double] {
    var moved = oracle
    let h = 1e-5
    func objective() -> Double {
      moved.objective(
        batch, weights: weights, entropyWeights: entropyWeights, temperature: Self.temperature)
    }
    let values = oracle.tensors[name] ?? []
    return values.indices.map { i in
      moved.tensors[name]?[i] = values[i] + h
      let above = objective()
      moved.tensors[name]?[i] = values[i] - h
      let below = objective()
      moved.tensors[name]?[i] = values[i]
      return (above - below) / (2 * h)
    }
  }
}

extension SequenceBatch {
  /// The same batch with every token replaced by its remainder.
  fileprivate func folded(below count: Int32) -> SequenceBatch {
    SequenceBatch(
      prompts: (0..<groupCount).map { group in
        (promptOffsets[group]..<promptOffsets[group + 1]).map { promptTokens[$0] % count }
      },
      completions: (0..<groupCount).map { group in
        sequences(ofGroup: group).map { sequence in
          tokens(ofSequence: sequence).map { tokens[$0] % count }
        }
      })
  }
}
