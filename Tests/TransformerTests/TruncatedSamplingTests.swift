import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerKernels
import TransformerPlugin

/// Draws from the likeliest tokens only.
struct TruncatedSamplingTests {
  /// The token drawn at `uniform` from given probabilities.
  private func draw(
    _ probabilities: [Double], k: Int32 = 0, p: Float = 1, m: Float = 0, at uniform: Float
  ) -> Int32 {
    let logits = probabilities.map { Float(log($0)) }
    var scratch = [Float](repeating: 0, count: (logits.count + 15) / 16 * 16)
    return tk_sample_truncated(logits, Int32(logits.count), 1, k, p, m, uniform, &scratch)
  }

  @Test func `hand-worked distributions are cut and renormalised`() {
    // Sixteenths, each logit exact to 1e-7; draws keep 1e-3 from the borders.
    let sixteenths: [Double] = [1, 4, 0, 5, 4, 2].map { $0 / 16 }
    let cases: [(k: Int32, p: Float, draws: [(Float, Int32)])] = [
      // All: as the plain sampler.
      (0, 1, [(0, 0), (0.061, 0), (0.064, 1), (0.311, 1), (0.314, 3), (0.626, 4), (0.999, 5)]),
      // The largest alone.
      (1, 1, [(0, 3), (0.5, 3), (0.999, 3)]),
      // 5, and of the equal ones the first: 4/9 and 5/9.
      (2, 1, [(0, 1), (0.443, 1), (0.446, 3), (0.999, 3)]),
      // 4, 5, 4 of 13.
      (3, 1, [(0, 1), (0.306, 1), (0.309, 3), (0.691, 3), (0.694, 4), (0.999, 4)]),
      // 5/16 = 0.3125 are not enough for 0.32, with one 4 they are.
      (0, 0.31, [(0, 3), (0.999, 3)]),
      (0, 0.32, [(0, 1), (0.443, 1), (0.446, 3), (0.999, 3)]),
      // 13/16 = 0.8125.
      (0, 0.81, [(0, 1), (0.308 - 0.002, 1), (0.309, 3), (0.694, 4), (0.999, 4)]),
      // With 2: 15 of 16.
      (0, 0.82, [(0, 1), (0.265, 1), (0.268, 3), (0.868, 5), (0.999, 5)]),
      // After the cut to three 5/13 = 0.385, 9/13 = 0.692.
      (3, 0.38, [(0, 3), (0.999, 3)]),
      (3, 0.39, [(0, 1), (0.443, 1), (0.446, 3)]),
      (3, 0.69, [(0, 1), (0.999, 3)]),
      (3, 0.7, [(0, 1), (0.999, 4)]),
      // A share too small for any takes the largest.
      (0, 1e-30, [(0, 3), (0.999, 3)]),
    ]
    for (k, p, draws) in cases {
      for (uniform, token) in draws {
        #expect(
          draw(sixteenths, k: k, p: p, at: uniform) == token, "k \(k), p \(p), at \(uniform)")
      }
    }
  }

  @Test func `of equal tokens the lower ones stay`() {
    let even = [Double](repeating: 1, count: 40)
    for uniform: Float in [0, 0.32, 0.64, 0.93, 0.999] {
      // 7 of 40, then the quarter of 40: ten.
      #expect(draw(even, k: 7, at: uniform) == Int32(7 * uniform))
      #expect(draw(even, p: 0.25, at: uniform) == Int32(10 * uniform))
      #expect(draw(even, k: 20, p: 0.25, at: uniform) == Int32(5 * uniform))
    }
  }

  @Test func `zeros of both signs are one logit`() {
    var scratch = [Float](repeating: 0, count: 16)
    for logits: [Float] in [[0, -0.0, 0, -0.0], [-0.0, 0, -0.0, 0]] {
      #expect(tk_sample_truncated(logits, 4, 1, 2, 1, 0, 0.49, &scratch) == 0)
      #expect(tk_sample_truncated(logits, 4, 1, 2, 1, 0, 0.51, &scratch) == 1)
    }
  }

  @Test func `the kept tokens are those that sorting keeps`() {
    // A vocabulary that fills no vector, with many equal logits.
    let count = 1003
    let logits = (0..<count).map { Float(($0 * 7919) % 211) / 16 - 6 }
    var scratch = [Float](repeating: 0, count: 1008)
    let order = (0..<count).sorted { (logits[$0], -$0) > (logits[$1], -$1) }
    for k in [1, 2, 5, 100, 500, 1002] {
      _ = tk_sample_truncated(logits, Int32(count), 0.7, Int32(k), 1, 0, 0.5, &scratch)
      #expect((0..<count).filter { scratch[$0] > 0 } == order.prefix(k).sorted())
    }
    let weights = logits.map { exp(0.7 * Double($0)) }
    let total = weights.reduce(0, +)
    for p: Float in [0.013, 0.1, 0.5, 0.9, 0.99] {
      _ = tk_sample_truncated(logits, Int32(count), 0.7, 0, p, 0, 0.5, &scratch)
      var sum = 0.0
      let kept = order.prefix { token in
        defer { sum += weights[token] }
        return sum < Double(p) * total
      }
      let got = (0..<count).filter { scratch[$0] > 0 }
      // A sum that meets the goal to rounding may take one token more or less.
      #expect(abs(got.count - kept.count) <= 1)
      #expect(got == order.prefix(got.count).sorted())
    }
  }

  private func request(
    _ tokens: [Int32], samples: Int, maximum: Int, k: Int = 0, p: Float = 1
  ) -> GenerationRequest {
    var request = GenerationRequest(
      prompts: [.init(tokens: tokens, id: 1)], samplesPerPrompt: samples, maximumTokens: maximum,
      temperature: 0.7, seed: 11, step: 2)
    request.topK = k
    request.topP = p
    return request
  }

  @Test func `frequencies fit the cut distribution, log-probabilities the whole one`() throws {
    let policy = try Fixtures.smallPolicy(threads: 2)
    let prompt: [Int32] = [5, 9, 40]
    let count = 4000
    let generation = try policy.generate(request(prompt, samples: count, maximum: 1, k: 12))
    let probabilities = try DoubleOracle(policy).probabilities(after: prompt, temperature: 0.7)
    let kept = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }.prefix(12)
    let share = kept.reduce(0) { $0 + probabilities[$1] }
    var frequencies = [Int](repeating: 0, count: probabilities.count)
    for i in 0..<count { frequencies[Int(generation.sequences.tokens[i])] += 1 }
    #expect(kept.reduce(0) { $0 + frequencies[$1] } == count)
    let statistic = kept.reduce(0.0) { sum, token in
      let expected = probabilities[token] / share * Double(count)
      return sum + pow(Double(frequencies[token]) - expected, 2) / expected
    }
    // 11 degrees of freedom: above 31 with a chance of 1 in 1000.
    #expect(statistic < 31, "\(statistic)")
    let scores = try policy.allScores(generation.sequences, temperature: 0.7)
    #expect(scores.logProbabilities == generation.logProbabilities)
  }

  @Test func `cuts that keep all draw as without, and one token is greedy`() throws {
    let policy = try Fixtures.smallPolicy(threads: 2)
    let vocabulary = try #require(policy.network).shape.vocabularySize
    func tokens(k: Int = 0, p: Float = 1) throws -> [Int32] {
      let request = request([5, 9], samples: 6, maximum: 20, k: k, p: p)
      let batch = try policy.generate(request).sequences
      return (0..<batch.tokenCount).map { batch.tokens[$0] }
    }
    #expect(try tokens(k: vocabulary) == tokens())
    #expect(try tokens(k: vocabulary + 7) == tokens())
    #expect(try tokens(k: vocabulary - 1) != tokens(k: 2))
    #expect(try tokens(k: 1) == tokens(p: 1e-9))
    var greedy = request([5, 9], samples: 6, maximum: 20, k: 9, p: 0.5)
    greedy.temperature = 0
    let batch = try policy.generate(greedy).sequences
    #expect(try tokens(k: 1) == (0..<batch.tokenCount).map { batch.tokens[$0] })
  }

  @Test func `impossible cuts are refused`() throws {
    let policy = try Fixtures.smallPolicy()
    func message(k: Int = 0, p: Float = 1) -> String? {
      do {
        _ = try policy.generate(request([5], samples: 1, maximum: 1, k: k, p: p))
        return nil
      } catch {
        return "\(error.code.rawValue): \(error)"
      }
    }
    #expect(
      message(k: -1)
        == """
        usage: transformer: expected a top-k of at least 0, got -1
          hint: 0 draws from all tokens
        """)
    for p: Float in [0, -0.5, 1.5, .nan] {
      #expect(
        message(p: p)
          == """
          usage: transformer: expected a top-p above 0 and at most 1, got \(p)
            hint: 1 draws from all tokens
          """)
    }
  }

  @Test func `an observer sees every sample's tokens in order`() throws {
    let policy = try Fixtures.smallPolicy(threads: 2)
    // Room for 3 samples at a time: several waves.
    policy.decodingMemory.waveFloats = 3 * 2 * 2 * (32 * 6 + 24 * 16)
    var request = request([5, 9], samples: 4, maximum: 24)
    request.prompts.append(.init(tokens: [7, 8, 9], id: 2))
    var seen: [[Int32]] = Array(repeating: [], count: 8)
    let generation = try policy.generate(request) { prompt, sample, token in
      seen[prompt * 4 + sample].append(token)
    }
    for sequence in 0..<8 {
      let places = generation.sequences.tokens(ofSequence: sequence)
      #expect(seen[sequence] == places.map { generation.sequences.tokens[$0] })
    }
    #expect(generation.logProbabilities == (try policy.generate(request).logProbabilities))
  }
}
