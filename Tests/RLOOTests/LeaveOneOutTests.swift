import FulcrumKernel
import RLOOPlugin
import Testing

private func make() throws -> LeaveOneOut {
  let parameters = try Parameters(for: LeaveOneOut.manual.parameters, at: "advantage[0]")
  return try LeaveOneOut(parameters, context: ComponentContext())
}

/// Advantages of groups of sequences: each has its return and its number of tokens.
private func advantages(_ groups: [[(reward: Float, length: Int)]]) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: groups.map { _ in [1] },
      completions: groups.map { $0.map { Array(repeating: 7, count: $0.length) } }),
    rewards: groups.flatMap { $0.map(\.reward) })
  var result = groups.flatMap { $0.flatMap { Array(repeating: $0.reward, count: $0.length) } }
  var span = result.mutableSpan
  try make().transform(&span, of: batch)
  return result
}

@Suite struct LeaveOneOutTests {
  @Test func `the baseline is the mean of the others`() throws {
    // Others' means: 0, 1, 1, 1 (3/3). Exact, so == and no tolerance.
    #expect(try advantages([[(3, 1), (0, 1), (0, 1), (0, 1)]]) == [3, -1, -1, -1])
    // Of 1, 2 and 6: 4, 7/2 and 3/2.
    #expect(try advantages([[(1, 1), (2, 1), (6, 1)]]) == [-3, -1.5, 4.5])
  }

  @Test func `each token of a completion has its advantage`() throws {
    let result = try advantages([[(0, 2), (2, 1)], [(5, 1), (5, 2), (5, 1)]])
    #expect(result == [-2, -2, 2, 0, 0, 0, 0])
  }

  @Test func `a completion without tokens still counts among the others`() throws {
    // Others of the second: 6 and 0, mean 3; of the third the same.
    #expect(try advantages([[(6, 0), (0, 1), (0, 2)]]) == [-3, -3, -3])
  }

  @Test func `a group of one has no others and keeps its return`() throws {
    #expect(try advantages([[(3, 2)], [(-0.5, 1)]]) == [3, 3, -0.5])
  }

  @Test func `a sequence's return is what the chain left at its first token`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6], [7]]]), rewards: [0, 0])
    var result: [Float] = [4, 50, 2]
    var span = result.mutableSpan
    try make().transform(&span, of: batch)
    #expect(result == [2, 2, -2])
  }

  @Test func `equal returns that binary has not give zero`() throws {
    // 3 · 0.1 and the sum of three are both exact in Double.
    #expect(try advantages([[(0.1, 1), (0.1, 1), (0.1, 1)]]) == [0, 0, 0])
  }

  @Test func `a difference beyond the greatest number stops there`() throws {
    let greatest = Float.greatestFiniteMagnitude
    #expect(try advantages([[(greatest, 1), (-greatest, 1)]]) == [greatest, -greatest])
  }

  @Test(arguments: [21, 22, 23] as [UInt64])
  func `random groups agree with the others' mean`(seed: UInt64) throws {
    var state = seed
    func uniform() -> Double {
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    let groups = (0..<40).map { _ in
      (0..<Int(2 + 7 * uniform())).map { _ in (reward: Float(6 * uniform() - 3), length: 1) }
    }
    let result = try advantages(groups)
    var place = 0
    for group in groups {
      for own in group.indices {
        var others = group.map { Double($0.reward) }
        let reward = others.remove(at: own)
        let expected = reward - others.reduce(0, +) / Double(others.count)
        // One rounding to Float of a value below 8, and Double's noise: below 2^-22.
        #expect(abs(Double(result[place]) - expected) < 0x1p-21, "seed \(seed)")
        place += 1
      }
    }
  }

  @Test func `it has no parameters and needs no column`() throws {
    #expect(LeaveOneOut.manual.parameters.isEmpty)
    #expect(try make().needs.isEmpty)
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginRLOO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "rloo")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["rloo"])
    #expect(registrar.failure == nil)
  }
}
