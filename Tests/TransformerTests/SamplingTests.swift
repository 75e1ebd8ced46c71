import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

struct SamplingTests {
  private let policy: TransformerPolicy

  init() throws { policy = try Fixtures.smallPolicy(threads: 2) }

  private func prompt(_ length: Int, id: UInt32) -> GenerationRequest.Prompt {
    .init(tokens: (0..<length).map { Int32(3 + ($0 * 7 + Int(id) * 13) % 250) }, id: id)
  }

  private func request(
    _ prompts: [GenerationRequest.Prompt], samples: Int = 5, maximum: Int = 24,
    temperature: Float = 1, step: UInt32 = 2
  ) -> GenerationRequest {
    GenerationRequest(
      prompts: prompts, samplesPerPrompt: samples, maximumTokens: maximum,
      temperature: temperature, seed: 11, step: step)
  }

  private func completions(_ generation: Generation, group: Int) -> [[Int32]] {
    generation.sequences.sequences(ofGroup: group).map { sequence in
      generation.sequences.tokens(ofSequence: sequence).map { generation.sequences.tokens[$0] }
    }
  }

  /// Prompts of 1 to 61 tokens put the completions at every place of a vector of keys.
  @Test(arguments: ModelFamily.allCases, [1 as Float, 0.6])
  func `recorded and trained log-probabilities are the same bits`(
    _ family: ModelFamily, temperature: Float
  ) throws {
    let policy = try Fixtures.variedPolicy(family, threads: 2)
    let prompts = [1, 15, 16, 17, 31, 61].enumerated().map { prompt($1, id: UInt32($0)) }
    let generation = try policy.generate(request(prompts, temperature: temperature))
    let scores = try policy.allScores(generation.sequences, temperature: temperature)
    #expect(generation.sequences.tokenCount > 300)
    #expect(scores.logProbabilities == generation.logProbabilities)
  }

  @Test func `a sample depends on seed, step and prompt id, not on its company or place`() throws {
    let a = prompt(9, id: 4)
    let b = prompt(30, id: 8)
    let c = prompt(17, id: 5)
    let alone = try policy.generate(request([b]))
    let together = try policy.generate(request([a, b, c]))
    let reordered = try policy.generate(request([c, b]))
    let fewer = try policy.generate(request([b], samples: 2))
    let expected = completions(alone, group: 0)
    #expect(completions(together, group: 1) == expected)
    #expect(completions(reordered, group: 1) == expected)
    #expect(completions(fewer, group: 0) == Array(expected.prefix(2)))
    #expect(completions(try policy.generate(request([b], step: 3)), group: 0) != expected)
    let renamed = GenerationRequest.Prompt(tokens: b.tokens, id: 9)
    #expect(completions(try policy.generate(request([renamed])), group: 0) != expected)
  }

  @Test func `prompts that are run in several pieces give the same samples`() throws {
    let prompts = [12, 5, 20, 33, 8].enumerated().map { prompt($1, id: UInt32($0)) }
    let pieces = try Fixtures.smallPolicy(more: ["microbatch-tokens": .integer(16)])
    let expected = try policy.generate(request(prompts))
    let got = try pieces.generate(request(prompts))
    for group in prompts.indices {
      #expect(completions(got, group: group) == completions(expected, group: group))
    }
    #expect(got.logProbabilities == expected.logProbabilities)
  }

  @Test func `samples that memory holds only a few of at a time are the same`() throws {
    let prompts = [12, 5, 20].enumerated().map { prompt($1, id: UInt32($0)) }
    let waves = try Fixtures.smallPolicy()
    // Room for 3 samples of 24 tokens: 2 layers, 2 heads, keys of 6 in blocks of 16, values of 16.
    waves.decodingMemory.waveFloats = 3 * 2 * 2 * (32 * 6 + 24 * 16)
    let expected = try policy.generate(request(prompts))
    let got = try waves.generate(request(prompts))
    for group in prompts.indices {
      #expect(completions(got, group: group) == completions(expected, group: group))
    }
    #expect(got.logProbabilities == expected.logProbabilities)
    #expect(got.isFinished == expected.isFinished)
  }

  @Test func `frequencies of a first token fit the policy's probabilities`() throws {
    let prompt = prompt(6, id: 1)
    let count = 20_000
    let generation = try policy.generate(
      request([prompt], samples: count, maximum: 1, temperature: 0.7))
    var frequencies = [Int](repeating: 0, count: try #require(policy.network).shape.vocabularySize)
    for i in 0..<count { frequencies[Int(generation.sequences.tokens[i])] += 1 }
    let probabilities = try DoubleOracle(policy).probabilities(
      after: prompt.tokens, temperature: 0.7 as Double)
    var statistic = 0.0
    for (frequency, p) in zip(frequencies, probabilities) {
      let expected = p * Double(count)
      // Enough for the chi-square approximation.
      #expect(expected > 5)
      statistic += pow(Double(frequency) - expected, 2) / expected
    }
    // Degrees of freedom: one less than tokens. Mean d, deviation √2d: four of them, 1 in 30,000.
    let freedom = Double(probabilities.count - 1)
    #expect(abs(statistic - freedom) < 4 * (2 * freedom).squareRoot(), "\(statistic)")
  }

  @Test func `temperature zero takes the most likely token and records it at one`() throws {
    let prompt = prompt(6, id: 1)
    let generation = try policy.generate(request([prompt], samples: 2, temperature: 0))
    let oracle = try DoubleOracle(policy)
    var tokens = prompt.tokens
    let first = completions(generation, group: 0)[0]
    for token in first.prefix(4) {
      let p = oracle.probabilities(after: tokens)
      #expect(p.firstIndex(of: p.max() ?? 0) == Int(token))
      tokens.append(token)
    }
    #expect(completions(generation, group: 0)[1] == first)
    let scores = try policy.allScores(generation.sequences)
    #expect(scores.logProbabilities == generation.logProbabilities)
  }

  @Test func `completions end with the end token, at the limit, or at the context`() throws {
    let near = prompt(90, id: 1)
    let generation = try policy.generate(
      request([near, prompt(3, id: 2)], samples: 200, maximum: 20, temperature: 3))
    for group in 0..<2 {
      // A context of 96 leaves 6 tokens after 90.
      let limit = group == 0 ? 6 : 20
      for (i, completion) in completions(generation, group: group).enumerated() {
        let isFinished = generation.isFinished[group * 200 + i]
        #expect((completion.last == policy.endToken) == isFinished)
        #expect(isFinished ? completion.count <= limit : completion.count == limit)
        #expect(!completion.dropLast().contains(policy.endToken))
      }
    }
    #expect(generation.isFinished.contains(true))
    #expect(generation.isFinished.contains(false))
  }

  @Test func `a completion ends at any of several end tokens`() throws {
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let ends = [policy.endToken, 40, 41, 42]
      try Fixtures.edit(folder + "/generation_config.json") { $0["eos_token_id"] = ends }
      let several = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(several.endToken == policy.endToken)
      let generation = try several.generate(
        request([prompt(3, id: 2)], samples: 200, maximum: 20, temperature: 3))
      var seen: Set<Int32> = []
      for (i, completion) in completions(generation, group: 0).enumerated() {
        let last = try #require(completion.last)
        #expect(ends.contains(last) == generation.isFinished[i])
        #expect(!completion.dropLast().contains { ends.contains($0) })
        if generation.isFinished[i] { seen.insert(last) } else { #expect(completion.count == 20) }
      }
      // Some 4 in 280 tokens end a completion: of 200 samples of up to 20 tokens about 50 do.
      #expect(seen.count > 1 && seen.isSubset(of: ends))
    }
  }

  @Test func `impossible prompts are refused by place and reason`() throws {
    func message(_ prompts: [GenerationRequest.Prompt]) -> String? {
      do {
        _ = try policy.generate(request(prompts))
        return nil
      } catch {
        return "\(error.code.rawValue): \(error)"
      }
    }
    #expect(
      message([prompt(3, id: 0), .init(tokens: [], id: 1)])
        == "data: prompt 1: a prompt must have a token, got an empty one")
    #expect(
      message([prompt(96, id: 0)])
        == """
        data: prompt 0: a prompt of 96 tokens leaves no room in a context of 96
          hint: shorten the prompt, or use a model of a longer context
        """)
    let last = try #require(policy.network).shape.vocabularySize - 1
    #expect(
      message([.init(tokens: [9999], id: 0)])
        == """
        data: prompt 0: expected a token from 0 to \(last), got 9999
          hint: encode texts with this policy's own tokenizer
        """)
  }
}
