import Foundation
import FulcrumKernel
import ReinforcePlusPlusPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> BatchWhitening {
  let parameters = try Parameters(given, for: BatchWhitening.manual.parameters, at: "advantage[0]")
  return try BatchWhitening(parameters, context: ComponentContext())
}

/// Whitens tokens' returns; `lengths` are those of each group's sequences.
private func whiten(
  _ returns: [Float], lengths: [[Int]], baseline: String = "none"
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: lengths.map { _ in [1] },
      completions: lengths.map { $0.map { Array(repeating: 7, count: $0) } }),
    rewards: lengths.flatMap(\.self).map { _ in 0 })
  var result = returns
  var span = result.mutableSpan
  try make(["baseline": .text(baseline)]).transform(&span, of: batch)
  return result
}

/// Values to a relative 1e-8, which is what the floor of the variance takes at a variance of 1; and
/// a rounding to Float, 2^-24.
private func expect(
  _ result: [Float], near expected: [Double], _ comment: Comment? = nil,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(result.count == expected.count, sourceLocation: location)
  for (got, value) in zip(result, expected) {
    #expect(abs(Double(got) - value) <= 1e-7 * abs(value), comment, sourceLocation: location)
  }
}

@Suite struct BatchWhiteningTests {
  @Test func `all tokens of the batch together have mean zero and deviation one`() throws {
    // 3, -1, -1, -1: mean 0, squares 12, deviation sqrt(12/3) = 2; prompts have no part in it.
    expect(
      try whiten([3, -1, -1, -1], lengths: [[1], [1, 2]]), near: [1.5, -0.5, -0.5, -0.5])
  }

  @Test func `a long completion counts with each of its tokens`() throws {
    // Two sequences of returns 4 and 0, the first three times as long: mean 3, squares 1+1+1+9.
    expect(
      try whiten([4, 4, 4, 0], lengths: [[3, 1]]), near: [0.5, 0.5, 0.5, -1.5])
  }

  @Test func `tokens of one sequence keep what tells their returns apart`() throws {
    expect(try whiten([3, -1, -1, -1], lengths: [[4]]), near: [1.5, -0.5, -0.5, -0.5])
  }

  @Test func `with a group baseline each group's mean goes first`() throws {
    // Returns 12, 8 | 2, -2: differences 2, -2, -2 | 2, -2 with lengths 1, 2 | 1, 1. The second
    // token of the second sequence is not read. Then mean -0.4 and squares 20 - 5 · 0.16 = 19.2.
    let deviation = sqrt(19.2 / 4)
    expect(
      try whiten([12, 8, 99, 2, -2], lengths: [[1, 2], [1, 1]], baseline: "group"),
      near: [2.4, -1.6, -1.6, 2.4, -1.6].map { $0 / deviation })
  }

  @Test func `with a group baseline a group of one keeps its return`() throws {
    // 4 and 0 are returns; mean 2, squares 8, deviation sqrt(8).
    expect(
      try whiten([4, 0], lengths: [[1], [1]], baseline: "group"),
      near: [2 / sqrt(8), -2 / sqrt(8)])
  }

  @Test(arguments: ["none", "group"])
  func `equal returns have advantage zero`(baseline: String) throws {
    // 0.1 is not exact in binary, but the sum of five equal Floats is exact in Double.
    let result = try whiten(
      [0.1, 0.1, 0.1, 0.1, 0.1], lengths: [[2, 1], [1, 1]], baseline: baseline)
    #expect(result == [0, 0, 0, 0, 0])
  }

  @Test(arguments: ["none", "group"])
  func `one token has advantage zero`(baseline: String) throws {
    #expect(try whiten([3], lengths: [[1]], baseline: baseline) == [0])
  }

  @Test func `the floor of the variance is verl's`() throws {
    // Deviation sqrt(2) · 1e-4 and variance 2e-8: with 1e-8 more, 1e-4 / sqrt(3e-8) = 1/sqrt(3).
    let result = try whiten([2e-4, 0], lengths: [[1, 1]])
    // 2e-4 as a Float is off by 3e-8 relative.
    #expect(abs(Double(result[0]) - 1 / 3.0.squareRoot()) < 1e-7)
  }

  @Test(arguments: ["none", "group"])
  func `the greatest numbers give finite advantages`(baseline: String) throws {
    let greatest = Float.greatestFiniteMagnitude
    let result = try whiten(
      [greatest, greatest, -greatest], lengths: [[1, 1, 1]], baseline: baseline)
    // As 1, 1, -1: mean 1/3, squares 24/9, deviation sqrt(4/3). The baseline's clamp of -4/3 to -1
    // gives 2/3, 2/3, -1: mean 1/9, differences 5/9, 5/9, -10/9, deviation sqrt(75/81).
    let whole: [Double] = [2, 2, -4]
    let clamped: [Double] = [5, 5, -10]
    expect(
      result,
      near: baseline == "none"
        ? whole.map { $0 / 3 / sqrt(4 / 3) } : clamped.map { $0 / 9 / sqrt(75 / 81) })
  }

  @Test(arguments: [41, 42, 43] as [UInt64])
  func `random returns agree with another way to the variance`(seed: UInt64) throws {
    var state = seed
    let returns = (0..<200).map { _ -> Float in
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(6 * Double(state >> 11) * 0x1p-53 - 3)
    }
    let result = try whiten(returns, lengths: [[50, 70], [80]])
    // The sum of (a - b)² over all pairs is n (n - 1) times the unbiased variance.
    var pairs = 0.0
    for i in returns.indices {
      for j in 0..<i { pairs += pow(Double(returns[i]) - Double(returns[j]), 2) }
    }
    let deviation = sqrt(pairs / Double(200 * 199) + 1e-8)
    let mean = returns.reduce(0) { $0 + Double($1) } / 200
    for (got, value) in zip(result, returns) {
      // One rounding to Float of a value below 2, and Double's noise.
      #expect(abs(Double(got) - (Double(value) - mean) / deviation) < 0x1p-23, "seed \(seed)")
    }
  }

  @Test func `the default has no baseline and nothing is needed`() throws {
    #expect(BatchWhitening.manual.parameters.map(\.defaultValue) == [.text("none")])
    #expect(try make().needs.isEmpty)
  }

  @Test func `an unknown baseline is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["baseline": .text("value")]) }
    #expect(
      error?.description == """
        advantage[0].baseline: expected one of none, group, got value
          hint: group: subtract the mean of the prompt's returns first (REINFORCE++-baseline)
        """)
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginReinforcePlusPlus(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "reinforce-plus-plus")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["reinforce-plus-plus"])
    #expect(registrar.failure == nil)
  }
}
