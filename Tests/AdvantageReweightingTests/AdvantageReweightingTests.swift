import AdvantageReweightingPlugin
import Foundation
import FulcrumKernel
import Testing

/// Two prompts, of two and of one completions, with 3, 1 and 2 tokens.
private let sequences = SequenceBatch(
  prompts: [[1], [2]], completions: [[[5, 6, 7], [8]], [[9, 10]]])

private func reweight(
  _ advantages: [Float], logProbabilities: [Float], alpha: Double
) throws -> [Float] {
  let transform = try make(["alpha": .number(alpha)])
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

  @Test func `the default alpha is the paper's`() throws {
    #expect(AdvantageReweighting.manual.parameters.map(\.defaultValue) == [.number(0.3)])
    #expect(try make().needs == [.oldLogProbabilities])
  }

  @Test func `alpha above one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["alpha": .number(1.5)]) }
    #expect(
      error?.description == """
        advantage[1].alpha: expected a number in 0.0...1.0, got 1.5
          hint: 0: no change; 1: A is multiplied by pi_old
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
