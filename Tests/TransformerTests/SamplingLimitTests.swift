import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Stop strings and a minimum length.
@Suite struct SamplingLimitTests {
  private let policy: TransformerPolicy

  init() throws { policy = try Fixtures.smallPolicy(threads: 2) }

  private func request(
    samples: Int = 6, maximum: Int = 24, minimum: Int = 0, stops: [String] = [],
    temperature: Float = 1
  ) -> GenerationRequest {
    var request = GenerationRequest(
      prompts: [.init(tokens: [5, 9, 40], id: 3), .init(tokens: [7, 12], id: 8)],
      samplesPerPrompt: samples, maximumTokens: maximum, temperature: temperature, seed: 11,
      step: 2)
    request.minimumTokens = minimum
    request.stopStrings = stops
    return request
  }

  private func tokens(_ generation: Generation) -> [[Int32]] {
    (0..<generation.sequences.sequenceCount).map { sequence in
      generation.sequences.tokens(ofSequence: sequence).map { generation.sequences.tokens[$0] }
    }
  }

  private func text(_ tokens: some Sequence<Int32>) throws -> String {
    try policy.decode(Array(tokens), keepingSpecialTokens: false)
  }

  /// The place of the token with which a stop string first ends, behind a minimum.
  private func end(of tokens: [Int32], _ stop: String, minimum: Int) throws -> Int? {
    try (0..<tokens.count).first { place in
      guard place >= minimum else { return false }
      let counts = try [place, place + 1].map {
        try text(tokens.prefix($0)).utf8.ranges(of: Array(stop.utf8)).count
      }
      return counts[1] > counts[0]
    }
  }

  @Test(arguments: [0, 7])
  func `a stop string ends a completion where its text first has it`(minimum: Int) throws {
    let plain = try policy.generate(request(minimum: minimum))
    let whole = tokens(plain)
    // Over two tokens, in the middle of a completion.
    let readable = try whole.flatMap { tokens in
      try (minimum + 2..<max(minimum + 2, tokens.count - 2)).map {
        try text(tokens[$0..<$0 + 2])
      }
    }.first { $0.utf8.count > 2 && !$0.contains("\u{FFFD}") }
    let stop = try #require(readable)
    for memory in [nil, 3 * 2 * 2 * (32 * 6 + 24 * 16)] {
      // Room for few samples at a time: several waves.
      if let memory { policy.decodingMemory.waveFloats = memory }
      let stopped = try policy.generate(request(minimum: minimum, stops: [stop, "nowhere to be"]))
      var ends = 0
      for (sequence, tokens) in tokens(stopped).enumerated() {
        let end = try end(of: whole[sequence], stop, minimum: minimum)
        #expect(tokens == end.map { Array(whole[sequence][...$0]) } ?? whole[sequence])
        #expect(stopped.isFinished[sequence] == (end != nil || plain.isFinished[sequence]))
        ends += end == nil ? 0 : 1
      }
      #expect(ends > 0 && ends < 12)
      let scores = try policy.allScores(stopped.sequences)
      #expect(scores.logProbabilities == stopped.logProbabilities)
    }
  }

  @Test(arguments: [3, 0] as [Float])
  func `nothing ends within the minimum, and draws are those of the other tokens`(
    temperature: Float
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      // Many ends, so that completions end early where nothing keeps them from it.
      let ends = Array(Int32(40)..<90) + [policy.endToken]
      try Fixtures.edit(folder + "/generation_config.json") { $0["eos_token_id"] = ends }
      let ending = try Fixtures.policy(["checkpoint": .text(folder)])
      let free = tokens(try ending.generate(request(temperature: temperature)))
      let generation = try ending.generate(request(minimum: 6, temperature: temperature))
      let kept = tokens(generation)
      if temperature > 0 { #expect(free.contains { $0.count <= 6 }) }
      let oracle = try DoubleOracle(ending)
      let random = CounterRandom(seed: 11, purpose: "sampling")
      for (sequence, tokens) in kept.enumerated() {
        #expect(tokens.count > 6 && !tokens.prefix(6).contains { ends.contains($0) })
        #expect(generation.isFinished[sequence] == ends.contains(tokens[tokens.count - 1]))
        var context: [Int32] = sequence < 6 ? [5, 9, 40] : [7, 12]
        for (position, token) in tokens.prefix(8).enumerated() {
          var weights = oracle.probabilities(
            after: context, temperature: temperature == 0 ? 1 : Double(temperature))
          if position < 6 { for end in ends { weights[Int(end)] = 0 } }
          let uniform = random.uniform(
            step: 2, prompt: sequence < 6 ? 3 : 8, sample: UInt32(sequence % 6),
            token: UInt32(position))
          var rest = Double(uniform) * weights.reduce(0, +)
          let drawn = weights.firstIndex {
            rest -= $0
            return rest < 0
          }
          let expected = temperature == 0 ? weights.firstIndex(of: weights.max() ?? 0) : drawn
          #expect(Int(token) == expected)
          context.append(token)
        }
      }
      // log π is of all tokens, end tokens too.
      let scores = try ending.allScores(
        generation.sequences, temperature: temperature == 0 ? 1 : temperature)
      #expect(scores.logProbabilities == generation.logProbabilities)
    }
  }

  @Test func `a minimum as long as the longest gives completions of one length`() throws {
    let generation = try policy.generate(request(maximum: 9, minimum: 9, temperature: 3))
    #expect(tokens(generation).allSatisfy { $0.count == 9 })
    #expect(!generation.isFinished.contains(true))
  }

  @Test func `impossible limits are refused`() {
    func message(_ change: (inout GenerationRequest) -> Void) -> String? {
      var request = request()
      change(&request)
      do {
        _ = try policy.generate(request)
        return nil
      } catch {
        return "\(error.code.rawValue): \(error)"
      }
    }
    for m: Float in [-0.1, 1.5, .nan] {
      #expect(
        message { $0.minP = m }
          == """
          usage: transformer: expected a min-p from 0 to 1, got \(m)
            hint: 0 draws from all tokens
          """)
    }
    for count in [-1, 25] {
      #expect(
        message { $0.minimumTokens = count }
          == "usage: transformer: expected a minimum length from 0 to the longest, 24 tokens, got"
          + " \(count)")
    }
    #expect(
      message { $0.stopStrings = [""] }
        == """
        usage: transformer: expected a stop string with a character, got an empty one
          hint: every text has the empty one: leave it out
        """)
  }
}
