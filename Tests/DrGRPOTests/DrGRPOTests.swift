import DrGRPOPlugin
import FulcrumKernel
import Testing

private func make() throws -> DrGRPO {
  let parameters = try Parameters(for: DrGRPO.manual.parameters, at: "advantage[0]")
  return try DrGRPO(parameters, context: ComponentContext())
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

@Suite struct DrGRPOTests {
  @Test func `one winner of four is four above and the others are not divided`() throws {
    // Mean 1; grpo would divide by the deviation 4. Exact, so == and no tolerance.
    #expect(try advantages([[(7, 1), (-1, 1), (-1, 1), (-1, 1)]]) == [6, -2, -2, -2])
  }

  @Test func `each token of a completion has the difference from its own group's mean`() throws {
    // Means 2 and 5; the lengths have no weight in them.
    let result = try advantages([[(0, 2), (2, 1), (4, 3)], [(5, 1), (5, 2)]])
    #expect(result == [-2, -2, 0, 2, 2, 2, 0, 0, 0])
  }

  @Test func `a completion without tokens still counts in its group's mean`() throws {
    // Mean of 6, 0 and 0 is 2.
    #expect(try advantages([[(6, 0), (0, 1), (0, 2)]]) == [-2, -2, -2])
  }

  @Test func `a group of one has its return`() throws {
    #expect(try advantages([[(3, 2)], [(-0.5, 1)]]) == [3, 3, -0.5])
  }

  @Test func `a sequence's return is what the chain left at its first token`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6], [7]]]), rewards: [0, 0])
    var result: [Float] = [4, 50, 2]
    var span = result.mutableSpan
    try make().transform(&span, of: batch)
    #expect(result == [1, 1, -1])
  }

  @Test func `equal returns that binary has not give zero`() throws {
    // The Double sum of three equal Floats is exact, and so is its third.
    #expect(try advantages([[(0.1, 1), (0.1, 1), (0.1, 1)]]) == [0, 0, 0])
  }

  @Test func `a difference beyond the greatest number stops there`() throws {
    let greatest = Float.greatestFiniteMagnitude
    // Mean greatest/3, so the differences are 2/3, 2/3 and -4/3 of it. A Float sum would overflow.
    let result = try advantages([[(greatest, 1), (greatest, 1), (-greatest, 1)]])
    #expect(result == [greatest / 3 * 2, greatest / 3 * 2, -greatest])
  }

  @Test func `it has no parameters and needs no column`() throws {
    #expect(DrGRPO.manual.parameters.isEmpty)
    #expect(try make().needs.isEmpty)
    let error = #expect(throws: FulcrumError.self) {
      try Parameters(["scale": .text("none")], for: DrGRPO.manual.parameters, at: "advantage[0]")
    }
    #expect(error?.message == "unknown parameter 'scale'")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginDrGRPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "dr-grpo")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["dr-grpo"])
    #expect(registrar.failure == nil)
  }
}
