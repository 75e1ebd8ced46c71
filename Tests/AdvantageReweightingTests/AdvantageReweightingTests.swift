import AdvantageReweightingPlugin
import Foundation
import FulcrumKernel
import Testing

/// Two prompts, of two and of one completions, with 3, 1 and 2 tokens.
private let sequences = SequenceBatch(
  prompts: [[1], [2]], completions: [[[5, 6, 7], [8]], [[9, 10]]])

private func reweight(
  _ advantages: [Float], logProbabilities: [Float], alpha: Double,
  _ more: [String: ParameterValue] = [:]
) throws -> [Float] {
  let transform = try make(more.merging(["alpha": .number(alpha)]) { $1 })
  let batch = RolloutBatch(
    sequences: sequences, rewards: [0, 0, 0], columns: [.oldLogProbabilities: logProbabilities])
  var result = advantages
  var span = result.mutableSpan
  try transform.transform(&span, of: batch)
  return result
}

private func make(_ given: [String: ParameterValue] = [:]) throws -> AdvantageReweighting {
  let parameters = try Parameters(
    given, for: AdvantageReweighting.manual.parameters, at: "advantage[1]")
  return try AdvantageReweighting(parameters, context: ComponentContext())
}

private let logHalf = Float(log(0.5))

@Suite struct AdvantageReweightingTests {
  @Test func `half the probability at alpha one half keeps three quarters`() throws {
    // 0.5 * 0.5 + 0.5 = 0.75, times 2, -4, 0, 1, -1, 8: exact in binary, so == and no tolerance.
    // expf(Float(log 0.5)) is exactly 0.5: the argument is off by 1.9e-9, a sixteenth of what
    // would reach the next Float.
    let result = try reweight(
      [2, -4, 0, 1, -1, 8], logProbabilities: Array(repeating: logHalf, count: 6), alpha: 0.5)
    #expect(result == [1.5, -3, 0, 0.75, -0.75, 6])
  }

  @Test func `a certain token keeps its advantage and an impossible one loses alpha of it`() throws
  {
    // exp(0) = 1 gives 0.25 + 0.75; exp(-1000) = 0 gives 0.75.
    let result = try reweight(
      [4, 4, -4, -4, 4, 4], logProbabilities: [0, -1000, 0, -1000, 0, -.infinity], alpha: 0.25)
    #expect(result == [4, 3, -4, -3, 4, 3])
  }

  @Test func `alpha zero changes no bit`() throws {
    let advantages: [Float] = [0.1, -0.7, 1e-30, -3e30, 0, 2.475]
    let result = try reweight(
      advantages, logProbabilities: [-0.1, -2, -7, 0, -50, -1], alpha: 0)
    #expect(result == advantages)
  }

  @Test func `an alpha below zero raises unlikely tokens and leaves certain ones`() throws {
    // α = −1/2: 1 + 1/2 − π/2 is 5/4 at π = 1/2, 3/2 at 0 and 1 at 1. Exact.
    let result = try reweight(
      [4, -4, 4, -4, 0, 2], logProbabilities: [logHalf, logHalf, -1000, 0, -1000, -.infinity],
      alpha: -0.5)
    #expect(result == [5, -5, 6, -4, 0, 3])
    // Sums to 8: mean 4/3 of factors 5/4, 5/4, 3/2, 1, 3/2, 3/2.
    let normalised = try reweight(
      [4, -4, 4, -4, 0, 2], logProbabilities: [logHalf, logHalf, -1000, 0, -1000, -.infinity],
      alpha: -0.5, ["mean-normalised": .flag(true)])
    for (got, value) in zip(normalised, result) {
      // One rounding to Float.
      #expect(abs(Double(got) - Double(value) * 0.75) <= abs(Double(value)) * 0x1p-24)
    }
  }

  @Test func `alpha one multiplies by the probability`() throws {
    let logProbabilities: [Float] = [0, logHalf, -1, -2, -10, -0.001]
    let result = try reweight(
      [1, 1, 1, 1, 1, 1], logProbabilities: logProbabilities, alpha: 1)
    for (got, logProbability) in zip(result, logProbabilities) {
      // One expf (an ulp) and exact steps: 2^-22 relative.
      let expected = exp(Double(logProbability))
      #expect(abs(Double(got) - expected) <= expected * 0x1p-22)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `random batches agree with the formula in Double and keep their signs`(seed: UInt64) throws {
    var state = seed
    func uniform() -> Double {
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    for _ in 0..<100 {
      let alpha = uniform()
      let advantages = (0..<6).map { _ in Float(5 * uniform() - 2.5) }
      let logProbabilities = (0..<6).map { _ in Float(log(uniform() + 1e-9)) }
      let result = try reweight(advantages, logProbabilities: logProbabilities, alpha: alpha)
      for token in 0..<6 {
        let probability = exp(Double(logProbabilities[token]))
        let expected = (alpha * probability + 1 - alpha) * Double(advantages[token])
        // Six roundings to Float (alpha, 1 - alpha, expf, product, sum, product), each half an
        // ulp relative to at most |A|: 6 * 2^-24 < 2^-21.
        #expect(
          abs(Double(result[token]) - expected) <= abs(Double(advantages[token])) * 0x1p-21,
          "seed \(seed)")
        #expect(result[token].sign == advantages[token].sign, "seed \(seed)")
      }
    }
  }

  @Test(arguments: [
    ("old", Column.oldLogProbabilities, [1.5, -1.5]),
    ("rollout", .rolloutLogProbabilities, [2, -2]),
    ("reference", .referenceLogProbabilities, [1, -1]),
  ])
  func `the probability is the one asked for, and only that is needed`(
    probability: String, column: Column, expected: [Float]
  ) throws {
    // At alpha 1/2 factors are 3/4, 1 and 1/2 for probabilities 1/2, 1 and 0; advantages are ±2.
    let transform = try make(["alpha": .number(0.5), "probability": .text(probability)])
    #expect(transform.needs == [column])
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6]]]), rewards: [0],
      columns: [
        .oldLogProbabilities: [logHalf, logHalf], .rolloutLogProbabilities: [0, 0],
        .referenceLogProbabilities: [-1000, -1000],
      ])
    var result: [Float] = [2, -2]
    var span = result.mutableSpan
    try transform.transform(&span, of: batch)
    #expect(result == expected)
  }

  @Test func `negative-only leaves every other advantage as it is`() throws {
    let result = try reweight(
      [2, -4, 0, 0.1, -1, 8], logProbabilities: Array(repeating: logHalf, count: 6), alpha: 0.5,
      ["negative-only": .flag(true)])
    #expect(result == [2, -3, 0, 0.1, -0.75, 8])
  }

  @Test func `mean-normalised divides by the mean of the factors`() throws {
    // Factors 1, 1/2, 1/2, 1/2, 1/2, 0 have mean 1/2: they become 2, 1, 1, 1, 1, 0. Exact.
    let result = try reweight(
      [2, -4, 0, 1, -1, 8], logProbabilities: [0] + Array(repeating: logHalf, count: 4) + [-1000],
      alpha: 1, ["mean-normalised": .flag(true)])
    #expect(result == [4, -4, 0, 1, -1, 0])
  }

  @Test func `the mean is over all tokens, those with factor one too`() throws {
    // Only the -4 and the -1 are damped, by 1/2: factors sum to 5, mean 5/6.
    let result = try reweight(
      [2, -4, 0, 1, -1, 8], logProbabilities: Array(repeating: logHalf, count: 6), alpha: 1,
      ["mean-normalised": .flag(true), "negative-only": .flag(true)])
    let expected = [2, -2, 0, 1, -0.5, 8].map { $0 * 1.2 }
    for (got, value) in zip(result, expected) {
      // One rounding to Float.
      #expect(abs(Double(got) - value) <= abs(value) * 0x1p-24)
    }
  }

  @Test func `equal factors are normalised away, even the least`() throws {
    // e^-85 = 1.2e-37: times 1e-5 it is below what Float can hold.
    let advantages: [Float] = [2, -4, 0, 1e-5, -1, 8]
    let result = try reweight(
      advantages, logProbabilities: Array(repeating: -85, count: 6), alpha: 1,
      ["mean-normalised": .flag(true)])
    // The scale is 1 / factor to Double's last place; one rounding to Float follows.
    for (got, value) in zip(result, advantages) { #expect(abs(got - value) <= value.ulp) }
  }

  @Test func `if all factors are zero so are the advantages`() throws {
    let result = try reweight(
      [2, -4, 0, 1, -1, 8], logProbabilities: Array(repeating: -1000, count: 6), alpha: 1,
      ["mean-normalised": .flag(true)])
    #expect(result == [0, 0, 0, 0, 0, 0])
  }

  @Test func `a normalised advantage beyond the greatest number stops there`() throws {
    // Factors 1, 0, 0, 0, 0, 0 have mean 1/6: 3e38 · 6 is too much.
    let result = try reweight(
      [3e38, 1, 1, 1, 1, 1], logProbabilities: [0] + Array(repeating: -1000, count: 5), alpha: 1,
      ["mean-normalised": .flag(true)])
    #expect(result == [.greatestFiniteMagnitude, 0, 0, 0, 0, 0])
  }

  @Test func `the defaults are the paper's`() throws {
    #expect(
      AdvantageReweighting.manual.parameters.map(\.defaultValue)
        == [.number(0.3), .text("old"), .flag(false), .flag(false)])
    #expect(try make().needs == [.oldLogProbabilities])
  }

  @Test func `an unknown probability is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["probability": .text("current")]) }
    #expect(
      error?.description == """
        advantage[1].probability: expected one of old, rollout, reference, got current
          hint: whose pi: the policy's before the step, the sampler's record or the reference's
        """)
  }

  @Test func `alpha above one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["alpha": .number(1.5)]) }
    #expect(
      error?.description == """
        advantage[1].alpha: expected a number in -1.0...1.0, got 1.5
          hint: 0: no change; 1: A is multiplied by pi; below 0: unlikely tokens are raised
        """)
  }

  @Test func `a batch without old log-probabilities is refused`() throws {
    let transform = try make()
    let batch = RolloutBatch(sequences: sequences, rewards: [0, 0, 0])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1, 1, 1, 1, 1, 1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginAdvantageReweighting(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "advantage-reweighting")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["advantage-reweighting"])
    #expect(registrar.failure == nil)
  }
}
