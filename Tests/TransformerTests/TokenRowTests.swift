import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerKernels
import TransformerPlugin

/// Tests models whose matrices have more rows than the tokenizer has tokens, as every published
/// Qwen2.5.
struct TokenRowTests {
  /// The number of rows that are added, no multiple of any granule.
  private static let more = 37

  /// Writes a checkpoint with further rows, three times those of the first tokens: their logits
  /// would often be the largest.
  private static func pad(_ name: String, to folder: String) throws {
    let source = Fixtures.checkpoint(name)
    try FileManager.default.copyItem(
      atPath: source + "/tokenizer.json", toPath: folder + "/tokenizer.json")
    try FileManager.default.copyItem(
      atPath: source + "/config.json", toPath: folder + "/config.json")
    try Fixtures.edit(folder + "/config.json") { $0["vocab_size"] = 512 + more }
    let tensors = try Fixtures.tensors(source + "/model.safetensors").map { tensor in
      guard ["model.embed_tokens.weight", "lm_head.weight"].contains(tensor.name) else {
        return tensor
      }
      let further = tensor.values[..<(more * tensor.shape[1])].map { 3 * $0 }
      return (
        name: tensor.name, shape: [tensor.shape[0] + more, tensor.shape[1]],
        values: tensor.values + further
      )
    }
    try Fixtures.write(tensors, to: folder + "/model.safetensors")
  }

  /// A checkpoint and the same with further rows, with the same settings.
  private func pair(
    _ name: String, _ folder: String, _ given: [String: ParameterValue]
  ) throws -> (plain: TransformerPolicy, padded: TransformerPolicy) {
    try Self.pad(name, to: folder)
    func policy(_ folder: String) throws -> TransformerPolicy {
      try Fixtures.policy(
        given.merging(["checkpoint": .text(folder)]) { given, _ in given }, threads: 2)
    }
    return (try policy(Fixtures.checkpoint(name)), try policy(folder))
  }

  @Test(arguments: Fixtures.checkpoints, ProductTests.ways)
  func `rows without a token leave every bit of the others' scores and samples`(
    _ name: String, _ way: ProductTests.Way
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      let (plain, padded) = try pair(name, folder, way.parameters)
      #expect(padded.network?.shape.vocabularySize == 512 + Self.more)
      let batch = try Fixtures.reference(name).batch
      for temperature in [0.7, 1] as [Float] {
        let expected = try plain.allScores(batch, temperature: temperature)
        let got = try padded.allScores(batch, temperature: temperature)
        #expect(got.logProbabilities == expected.logProbabilities)
        #expect(got.entropies == expected.entropies)
        #expect(got.levers == expected.levers)
      }
      let statistics: Set<TokenStatistic> = [
        .topProbability, .margin, .rank, .massAbove(0.02), .topTokens(512),
        .topLogProbabilities(512),
      ]
      #expect(
        try padded.statistics(batch, statistics) == plain.statistics(batch, statistics))
      let ways: [(temperature: Float, topK: Int, topP: Float)] = [
        (0, 0, 1), (1, 0, 1), (1.3, 600, 0.9), (1, 5, 1),
      ]
      for (temperature, topK, topP) in ways {
        // Few rows share out a product's columns, many share out rows.
        for samples in [2, 80] {
          var request = GenerationRequest(
            prompts: [.init(tokens: [7, 9, 4], id: 1), .init(tokens: [11], id: 2)],
            samplesPerPrompt: samples, maximumTokens: 12, temperature: temperature, seed: 3,
            step: 1)
          request.topK = topK
          request.topP = topP
          let (expected, got) = (try plain.generate(request), try padded.generate(request))
          #expect(got.sequences.allTokens == expected.sequences.allTokens)
          #expect(got.logProbabilities == expected.logProbabilities)
          #expect(got.sequences.tokenCount > samples)
        }
      }
    }
  }

  /// Also where logits are computed again for the backward pass, and for a copy.
  @Test(arguments: Fixtures.checkpoints, ProductTests.ways)
  func `rows without a token get no gradient, and leave every bit of the others'`(
    _ name: String, _ way: ProductTests.Way
  ) throws {
    let batch = try Fixtures.reference(name).batch
    let weights = (0..<batch.tokenCount).map { Float($0 * 7 % 11) / 4 - 1 }
    let entropyWeights = (0..<batch.tokenCount).map { Float($0 * 5 % 7) / 8 - 0.4 }
    for rows in [0, 32] {
      try Fixtures.withTemporaryFolder { folder in
        let given = way.parameters.merging(["logit-rows": .integer(rows)]) { _, new in new }
        let (plain, padded) = try pair(name, folder, given)
        let copy = try #require(try padded.frozenCopy() as? TransformerPolicy)
        for policy in [plain, padded, copy] {
          try policy.accumulate(batch, weights: weights, entropyWeights: entropyWeights)
        }
        let tensors = try #require(plain.network).layout.tensors
        for (tensor, other) in zip(tensors, try #require(padded.network).layout.tensors) {
          let expected = plain.gradient(of: tensor)
          for policy in [padded, copy] {
            let got = policy.gradient(of: other)
            #expect(Array(got[..<expected.count]) == expected, "\(tensor.name)")
            #expect(got[expected.count...].allSatisfy { $0 == 0 }, "\(tensor.name)")
          }
        }
      }
    }
  }

  /// Rows between two tokens, and behind the last.
  @Test(arguments: ModelFamily.allCases, [true, false])
  func `scores and gradients of a model with holes agree with the oracle`(
    _ family: ModelFamily, tied: Bool
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      let fresh = try Fixtures.tinyPolicy(family, tied: tied)
      try fresh.save(to: folder)
      // The last numbers are those of control characters, which a vocabulary may lack.
      try Fixtures.edit(folder + "/tokenizer.json") { file in
        guard var model = file["model"] as? [String: Any],
          let vocabulary = model["vocab"] as? [String: Int]
        else { return }
        model["vocab"] = vocabulary.filter { ![230, 231, 257, 258].contains($0.value) }
        file["model"] = model
      }
      let policy = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(policy.network?.tokenRows == TokenRows(end: 257, holes: [230, 231]))
      #expect(policy.facts.contains(ModelFact("tokenizer", .integer(255))))
      try expectOracleScores(policy)
      try OracleTests().checkGradients(policy)
      policy.discardGradient()
      try OracleTests().checkGradients(
        policy, weights: Array(repeating: 0, count: 10),
        entropyWeights: [2, 1, -0.5, 0, 1.5, 3, -2, 0, 0, 0])
      // The other tokens' probabilities are as those of the whole model, over their sum.
      let all = try DoubleOracle(fresh).probabilities(after: [5, 7])
      let some = try DoubleOracle(policy).probabilities(after: [5, 7])
      let sum = 1 - all[230] - all[231] - all[257] - all[258]
      #expect(abs(some[9] - all[9] / sum) < 1e-12)
      #expect(some[231] == 0 && some[258] == 0)
    }
  }

  private func expectOracleScores(_ policy: TransformerPolicy) throws {
    let tokens: [Int32] = [5, 4, 7, 7, 9, 3, 11]
    let scores = try policy.allScores(
      SequenceBatch(whole: [tokens], promptLengths: [1]), temperature: 0.8)
    let oracle = try DoubleOracle(policy)
    for place in 1..<tokens.count {
      let p = oracle.probabilities(after: Array(tokens[..<place]), temperature: 0.8)
      let entropy = -p.reduce(0) { $1 == 0 ? $0 : $0 + $1 * log($1) }
      // As in `OracleTests`.
      #expect(abs(Double(scores.logProbabilities[place - 1]) - log(p[Int(tokens[place])])) < 4e-6)
      #expect(abs(Double(scores.entropies[place - 1]) - entropy) < 4e-6)
    }
  }

  @Test func `a row without a token is nothing in text, and refused in a batch`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try Self.pad("tiny-qwen2", to: folder)
      let policy = try Fixtures.policy(["checkpoint": .text(folder)])
      let knight = try policy.encode("knight")
      #expect(try policy.decode(knight + [512, 548], keepingSpecialTokens: true) == "knight")
      func message(_ body: () throws -> Void) throws -> String {
        try #require(throws: FulcrumError.self) { try body() }.description
      }
      #expect(
        try message { _ = try policy.decode([5, 549], keepingSpecialTokens: true) }
          == """
          token 1 has the number 549, expected from 0 to 548
            hint: the tokens are of another tokenizer
          """)
      let refusal = """
        sequence 0: expected a token from 0 to 511, got 512
          hint: encode texts with this policy's own tokenizer
        """
      #expect(try message { _ = try policy.allScores(.one([4], [512])) } == refusal)
      #expect(try message { _ = try policy.allScores(.one([512], [4])) } == refusal)
      #expect(
        try message { _ = try policy.statistics(.one([4], [5]), [.topTokens(513)]) }
          == "transformer: expected a list of at most the vocabulary's 512 tokens, got"
          + " 'top-tokens(513)'")
    }
  }

  @Test(arguments: Fixtures.checkpoints)
  func `a saved checkpoint keeps its rows`(_ name: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      try Self.pad(name, to: folder)
      try Fixtures.edit(folder + "/config.json") { $0["pad_token_id"] = 520 }
      let path = URL(fileURLWithPath: folder + "/model.safetensors")
      let before = try Data(contentsOf: path)
      let policy = try Fixtures.policy(["checkpoint": .text(folder)])
      try policy.save(to: folder)
      #expect(try Data(contentsOf: path) == before)
      let batch = SequenceBatch.one([4, 5], [6, 7])
      try policy.accumulate(batch, weights: [1, 1])
      _ = try policy.applyGradient(learningRate: 0.01)
      try policy.save(to: folder)
      let again = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(again.parameterBits == policy.parameterBits)
      #expect(again.network?.tokenRows == TokenRows(end: 512))
    }
  }
}

extension SequenceBatch {
  /// The tokens of each completion.
  fileprivate var allTokens: [[Int32]] {
    (0..<sequenceCount).map { tokens(ofSequence: $0).map { place in tokens[place] } }
  }

  /// One completion of one prompt.
  fileprivate static func one(_ prompt: [Int32], _ completion: [Int32]) -> SequenceBatch {
    SequenceBatch(prompts: [prompt], completions: [[completion]])
  }
}

extension TransformerPolicy {
  /// Each statistic's values over a batch, row by row.
  fileprivate func statistics(
    _ batch: SequenceBatch, _ statistics: Set<TokenStatistic>
  ) throws -> [TokenStatistic: [Float]] {
    var result: [TokenStatistic: [Float]] = [:]
    try score(
      batch, sequences: 0..<batch.sequenceCount,
      request: ScoreRequest(temperature: 1, statistics: statistics)
    ) { (_, scores) throws(FulcrumError) in
      for statistic in statistics {
        let values = try scores.values(of: statistic)
        for i in values.indices { result[statistic, default: []].append(values[i]) }
      }
    }
    return result
  }
}
