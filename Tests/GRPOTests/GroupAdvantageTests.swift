import Foundation
import FulcrumKernel
import GRPOPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> GroupAdvantage {
  let parameters = try Parameters(given, for: GroupAdvantage.manual.parameters, at: "advantage[0]")
  return try GroupAdvantage(parameters, context: ComponentContext())
}

/// Advantages of groups of returns; every completion has `lengths` tokens in turn.
private func advantages(
  _ groups: [[Float]], lengths: [Int] = [1], floor: Double? = 0, scale: String = "group"
) throws -> [Float] {
  var sequence = 0
  let completions = groups.map { group in
    group.map { _ -> [Int32] in
      defer { sequence += 1 }
      return Array(repeating: 7, count: lengths[sequence % lengths.count])
    }
  }
  let batch = RolloutBatch(
    sequences: SequenceBatch(prompts: groups.map { _ in [1] }, completions: completions),
    rewards: groups.flatMap(\.self))
  // Of what was there before, only a sequence's first token matters.
  var advantages = [Float](repeating: .nan, count: batch.sequences.tokenCount)
  for sequence in 0..<batch.sequences.sequenceCount {
    let tokens = batch.sequences.tokens(ofSequence: sequence)
    if !tokens.isEmpty { advantages[tokens.lowerBound] = batch.rewards[sequence] }
  }
  var span = advantages.mutableSpan
  var given: [String: ParameterValue] = ["scale": .text(scale)]
  if let floor { given["deviation-floor"] = .number(floor) }
  try make(given).transform(&span, of: batch)
  return advantages
}

@Suite struct GroupAdvantageTests {
  @Test func `one winner of four is one and a half deviations up`() throws {
    // Mean 0, squares 9 + 1 + 1 + 1 = 12, deviation sqrt(12/3) = 2: exact, so == and no tolerance.
    #expect(try advantages([[3, -1, -1, -1]]) == [1.5, -0.5, -0.5, -0.5])
  }

  @Test func `the floor is added to the deviation`() throws {
    // Deviation 2 and floor 1: 3/3 and -1/3.
    #expect(try advantages([[3, -1, -1, -1]], floor: 1) == [1, -1 / 3, -1 / 3, -1 / 3])
  }

  @Test func `every token of a completion has its advantage`() throws {
    // Group 1: 0, 2, 4 has mean 2 and deviation 2; group 2: 5, 5 is all equal.
    let result = try advantages([[0, 2, 4], [5, 5]], lengths: [2, 1, 3, 1, 2])
    #expect(result == [-1, -1, 0, 1, 1, 1, 0, 0, 0])
  }

  @Test func `a sequence's return is what the chain left at its first token`() throws {
    // The rewards are all 0; a link before this one has charged tokens.
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6], [7], [8, 9], [4]]]),
      rewards: [0, 0, 0, 0])
    var result: [Float] = [3, 50, -1, -1, 60, -1]
    var span = result.mutableSpan
    try make(["deviation-floor": .number(0)]).transform(&span, of: batch)
    #expect(result == [1.5, 1.5, -0.5, -0.5, -0.5, -0.5])
  }

  @Test func `the batch's deviation divides differences from the group's mean`() throws {
    // Means 1 and -1, differences 2, -2, 0, 0; all four have mean 0 and deviation sqrt(12/3) = 2.
    let groups: [[Float]] = [[3, -1], [-1, -1]]
    #expect(try advantages(groups, scale: "batch") == [1, -1, 0, 0])
    // Floor 1 on deviation 2.
    #expect(try advantages(groups, floor: 1, scale: "batch") == [2 / 3, -2 / 3, 0, 0])
  }

  @Test func `without a scale the difference stands`() throws {
    #expect(
      try advantages([[3, -1], [-1, -1], [0.25]], floor: nil, scale: "none") == [2, -2, 0, 0, 0.25])
  }

  @Test(arguments: [0, 1e-6])
  func `a group of equal rewards has advantage zero`(floor: Double) throws {
    // 0.1 is not exact in binary, but the sum of three equal Floats is exact in Double.
    #expect(try advantages([[0.1, 0.1, 0.1]], floor: floor) == [0, 0, 0])
    #expect(try advantages([[0.1, 0.1, 0.1]], floor: floor, scale: "batch") == [0, 0, 0])
  }

  @Test func `a group of one has its reward for an advantage`() throws {
    #expect(try advantages([[3], [-0.5]]) == [3, -0.5])
    // Floor 1 on deviation 1.
    #expect(try advantages([[3]], floor: 1) == [1.5])
    // A batch of one has deviation 1 as well; one of two has the batch's, here sqrt(8).
    #expect(try advantages([[3]], scale: "batch") == [3])
    #expect(
      try advantages([[5], [1]], scale: "batch")
        == [Float(5 / 8.0.squareRoot()), Float(1 / 8.0.squareRoot())])
  }

  @Test(arguments: [0, 1e-6])
  func `equal returns of groups of one are not divided by the floor`(floor: Double) throws {
    #expect(try advantages([[3], [3]], floor: floor, scale: "batch") == [0, 0])
    let own = Float(3 / (1 + floor))
    #expect(try advantages([[3], [3]], floor: floor, scale: "group") == [own, own])
  }

  @Test func `empty groups are passed over and an empty completion still counts`() throws {
    // Of 1 and 3 the mean is 2 and the deviation sqrt(2); only the second has tokens.
    let expected = Float(0.5.squareRoot())
    #expect(try advantages([[], [1, 3], []], lengths: [0, 2]) == [expected, expected])
  }

  @Test(arguments: ["group", "batch", "none"])
  func `an empty batch and the greatest numbers give nothing that is not finite`(
    scale: String
  ) throws {
    #expect(try advantages([], floor: nil, scale: scale).isEmpty)
    let greatest = Float.greatestFiniteMagnitude
    let result = try advantages([[greatest, greatest, -greatest]], floor: nil, scale: scale)
    // As 1, 1, -1: differences 2/3, 2/3, -4/3 by deviation sqrt(4/3), or the last one clamped to -1.
    let differences: [Double] = scale == "none" ? [2, 2, -3] : [2, 2, -4]
    let unit = scale == "none" ? 1 / Double(greatest) : sqrt(4 / 3)
    let expected = differences.map { Float($0 / 3 / unit) }
    for (got, value) in zip(result, expected) {
      // Double's noise may turn the one rounding to Float.
      #expect(abs(got - value) <= value.ulp)
    }
  }

  @Test(arguments: [11, 12, 13] as [UInt64], ["group", "batch", "none"])
  func `random groups agree with another way to the moments`(seed: UInt64, scale: String) throws {
    var random = TestRandom(seed: seed)
    let groups = (0..<40).map { _ in
      (0..<Int.random(in: 2...9, using: &random)).map { _ in random.number(in: -3...3) }
    }
    let floor = 1e-6
    let got = try advantages(groups, floor: floor, scale: scale)
    let whole = deviation(groups.flatMap(\.self).map(Double.init))
    var expected: [Double] = []
    for group in groups {
      let values = group.map(Double.init)
      let mean = values.reduce(0, +) / Double(values.count)
      let unit = scale == "group" ? deviation(values) + floor : scale == "batch" ? whole + floor : 1
      expected += values.map { ($0 - mean) / unit }
    }
    #expect(got.count == expected.count)
    for (a, b) in zip(got, expected) {
      // One rounding to Float of a value below 8, and Double's noise: 2^-23 · 4 covers it.
      #expect(abs(Double(a) - b) < 0x1p-21, "seed \(seed)")
    }
  }

  @Test func `the defaults are those of the paper's code and nothing else is needed`() throws {
    #expect(
      GroupAdvantage.manual.parameters.map(\.defaultValue) == [.text("group"), .number(1e-6)])
    #expect(try make().needs.isEmpty)
  }

  @Test func `a floor without a deviation is refused`() {
    let error = #expect(throws: FulcrumError.self) {
      try make(["scale": .text("none"), "deviation-floor": .number(1e-4)])
    }
    #expect(
      error?.description == """
        advantage[0].deviation-floor: expected nothing with scale none, got 0.0001
          hint: no deviation divides, so there is none to add it to; leave it out or choose a scale
        """)
  }

  @Test func `an unknown scale is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["scale": .text("std")]) }
    #expect(
      error?.description == """
        advantage[0].scale: expected one of group, batch, none, got std
          hint: whose standard deviation divides: the group's, the batch's or none's
        """)
  }

  @Test func `the entry function registers a transform and an objective`() {
    let registrar = PluginRegistrar()
    fulcrumPluginGRPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "grpo")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform, .policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["grpo", "grpo"])
    #expect(registrar.failure == nil)
  }
}

/// Unbiased, from all pairs: the sum of (a − b)² over pairs is n (n − 1) times the variance.
private func deviation(_ values: [Double]) -> Double {
  var pairs = 0.0
  for i in values.indices {
    for j in 0..<i { pairs += pow(values[i] - values[j], 2) }
  }
  return sqrt(pairs / Double(values.count * (values.count - 1)))
}
