import Foundation
import FulcrumKernel
import KLPenaltyPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> KLReward {
  let parameters = try Parameters(given, for: KLReward.manual.parameters, at: "advantage[0]")
  return try KLReward(parameters, context: ComponentContext())
}

/// Returns of sequences of the given lengths, all in one group, after the charge.
private func charged(
  _ returns: [Float], lengths: [Int], old: [Float], reference: [Float],
  _ given: [String: ParameterValue]
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]], completions: [lengths.map { Array(repeating: 7, count: $0) }]),
    rewards: lengths.map { _ in 0 },
    columns: [.oldLogProbabilities: old, .referenceLogProbabilities: reference])
  var result = returns
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

@Suite struct KLRewardTests {
  private let old: [Float] = [-1, -1, -2]
  private let reference: [Float] = [-3, -2, -1]

  @Test func `a token's return falls by its own and later tokens' divergence`() throws {
    // k1 = old - reference = 2, 1, -1; sums from the right 2, 0, -1, times 1/4.
    let result = try charged(
      [3, 3, 3], lengths: [3], old: old, reference: reference, ["beta": .number(0.25)])
    #expect(result == [2.5, 3, 3.25])
  }

  @Test func `k2 is half the square of the log ratio`() throws {
    // k2 = 2, 1/2, 1/2; sums 3, 1, 1/2, times 1/4.
    let result = try charged(
      [3, 3, 3], lengths: [3], old: old, reference: reference,
      ["beta": .number(0.25), "estimator": .text("k2")])
    #expect(result == [2.25, 2.75, 2.875])
  }

  @Test func `charges stay within their sequence`() throws {
    let result = try charged(
      [3, 3, -1], lengths: [1, 0, 2], old: old, reference: reference, ["beta": .number(1)])
    // Charges 2; then 1 - 1 = 0 and -1.
    #expect(result == [1, 3, 0])
  }

  @Test func `the clamp limits what a token is charged`() throws {
    // k3 would be e^9 - 10 and e^4 - 5; it is held at 10 each.
    let result = try charged(
      [0, 0], lengths: [2], old: [-10, -6], reference: [-1, -2],
      ["beta": .number(0.5), "estimator": .text("k3"), "clamp": .flag(true)])
    #expect(result == [-10, -5])
  }

  @Test(arguments: ["k1", "k2", "k3"], [31, 32, 33] as [UInt64])
  func `random batches agree with the whole less what is earlier`(
    estimator: String, seed: UInt64
  ) throws {
    var random = RandomDoubles(seed: seed)
    let lengths = (0..<30).map { _ in Int(random.next(in: 0...9)) }
    let count = lengths.reduce(0, +)
    let returns = (0..<count).map { _ in Float(random.next(in: -3...3)) }
    let old = (0..<count).map { _ in Float(random.next(in: -4...0)) }
    let reference = (0..<count).map { _ in Float(random.next(in: -4...0)) }
    let result = try charged(
      returns, lengths: lengths, old: old, reference: reference,
      ["beta": .number(0.125), "estimator": .text(estimator)])
    var first = 0
    for length in lengths {
      let tokens = first..<first + length
      first += length
      let costs = tokens.map { token -> Double in
        let ratio = exp(Double(old[token]) - Double(reference[token]))
        switch estimator {
        case "k1": return log(ratio)
        case "k2": return pow(log(ratio), 2) / 2
        default: return 1 / ratio + log(ratio) - 1
        }
      }
      var left = costs.reduce(0, +)
      for (token, cost) in zip(tokens, costs) {
        let expected = Double(returns[token]) - 0.125 * left
        // One rounding to Float of a value below 3 + 9 · 51 / 8 < 64: 2^-19; and Double's noise.
        #expect(abs(Double(result[token]) - expected) < 0x1p-18, "seed \(seed)")
        left -= cost
      }
    }
  }

  @Test func `one token of one sample is charged for itself`() throws {
    let result = try charged(
      [1], lengths: [1], old: [-1], reference: [-1.5], ["beta": .number(1)])
    #expect(result == [0.5])
  }

  @Test func `no charge needs no reference and changes no bit`() throws {
    let transform = try make(["beta": .number(0)])
    #expect(transform.needs.isEmpty)
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6]]]), rewards: [0])
    var result: [Float] = [0.1, -7]
    var span = result.mutableSpan
    try transform.transform(&span, of: batch)
    #expect(result == [0.1, -7])
  }

  @Test func `a charge beyond the greatest number stops there`() throws {
    // x = 100: k3 is held at e^80 - 101 = 5.5e34, times 10 for each of 1,000 tokens: 5.5e38.
    let old = [Float](repeating: -101, count: 1000)
    let reference = [Float](repeating: -1, count: 1000)
    let result = try charged(
      [Float](repeating: 1, count: 1000), lengths: [1000], old: old, reference: reference,
      ["beta": .number(10), "estimator": .text("k3")])
    #expect(result.first == -Float.greatestFiniteMagnitude)
    #expect(result.allSatisfy { $0.isFinite })
  }

  @Test func `a batch without a reference is refused`() throws {
    let transform = try make()
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0],
      columns: [.oldLogProbabilities: [-1]])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column reference-log-probabilities was not computed")
  }

  @Test func `an unknown estimator is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["estimator": .text("k4")]) }
    #expect(
      error?.description == """
        advantage[0].estimator: expected one of k1, k2, k3, got k4
          hint: with x = log pi_ref - log pi_old: k1 = -x, k2 = x^2/2, k3 = e^x - x - 1
        """)
  }

  @Test func `the defaults are verl's: k1 at a thousandth, unclamped`() throws {
    #expect(
      KLReward.manual.parameters.map(\.defaultValue) == [.number(0.001), .text("k1"), .flag(false)])
    #expect(try make().needs == [.oldLogProbabilities, .referenceLogProbabilities])
  }

  @Test func `the entry function registers the transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginKLPenalty(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "kl-penalty")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.first?.kind == .advantageTransform)
    #expect(registrar.components.allSatisfy { $0.manual.name == "kl-penalty" })
    #expect(registrar.failure == nil)
  }
}

/// Seeded test data: Knuth's MMIX constants, high bits only.
private struct RandomDoubles {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(in range: ClosedRange<Double>) -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + (range.upperBound - range.lowerBound) * Double(state >> 11) * 0x1p-53
  }
}
