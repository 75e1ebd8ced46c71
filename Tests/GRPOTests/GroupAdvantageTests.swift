import Foundation
import FulcrumKernel
import GRPOPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> GroupAdvantage {
  let parameters = try Parameters(given, for: GroupAdvantage.manual.parameters, at: "advantage[0]")
  return try GroupAdvantage(parameters, context: ComponentContext())
}

/// Advantages of groups of rewards; every completion has `lengths` tokens in turn.
private func advantages(
  _ groups: [[Float]], lengths: [Int] = [1], floor: Double = 0
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
  // What was there before must not matter.
  var advantages = [Float](repeating: .nan, count: batch.sequences.tokenCount)
  var span = advantages.mutableSpan
  try make(["deviation-floor": .number(floor)]).transform(&span, of: batch)
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

  @Test(arguments: [0, 1e-6])
  func `a group of equal rewards has advantage zero`(floor: Double) throws {
    // 0.1 is not exact in binary, but the sum of three equal Floats is exact in Double.
    #expect(try advantages([[0.1, 0.1, 0.1]], floor: floor) == [0, 0, 0])
  }

  @Test func `a group of one has its reward for an advantage`() throws {
    #expect(try advantages([[3], [-0.5]]) == [3, -0.5])
    // Floor 1 on deviation 1.
    #expect(try advantages([[3]], floor: 1) == [1.5])
  }

  @Test func `empty groups and empty completions are passed over`() throws {
    #expect(
      try advantages([[], [1, 3], []], lengths: [0, 2]) == [0.5, 0.5].map { $0 * sqrtOf2 })
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func `random groups agree with another way to the moments`(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let groups = (0..<40).map { _ in
      (0..<Int.random(in: 2...9, using: &random)).map { _ in random.number(in: -3...3) }
    }
    let floor = 1e-6
    let got = try advantages(groups, floor: floor)
    var expected: [Double] = []
    for group in groups {
      let values = group.map(Double.init)
      let n = Double(values.count)
      // Variance from all pairs: the sum of (a - b)^2 over pairs is n (n - 1) times it.
      var pairs = 0.0
      for i in values.indices {
        for j in 0..<i { pairs += pow(values[i] - values[j], 2) }
      }
      let mean = values.reduce(0, +) / n
      expected += values.map { ($0 - mean) / (sqrt(pairs / (n * (n - 1))) + floor) }
    }
    #expect(got.count == expected.count)
    for (a, b) in zip(got, expected) {
      // One rounding to Float of a value below 4, and Double's noise: 2^-23 · 4 covers it.
      #expect(abs(Double(a) - b) < 0x1p-21, "seed \(seed)")
    }
  }

  @Test func `the default floor is that of the paper's code and nothing else is needed`() throws {
    #expect(GroupAdvantage.manual.parameters.map(\.defaultValue) == [.number(1e-6)])
    #expect(try make().needs.isEmpty)
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

/// Rewards 1 and 3: mean 2, deviation √2, so ±1/√2 = ±√2/2.
private let sqrtOf2 = Float(2.0.squareRoot())
