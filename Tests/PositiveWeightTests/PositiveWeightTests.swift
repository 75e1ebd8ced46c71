import FulcrumKernel
import PositiveWeightPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> PositiveWeight {
  let parameters = try Parameters(given, for: PositiveWeight.manual.parameters, at: "advantage[1]")
  return try PositiveWeight(parameters, context: ComponentContext())
}

/// What becomes of the values of a chain's tokens; each completion has its reward.
private func weighed(
  _ completions: [(reward: Float, values: [Float])], _ given: [String: ParameterValue] = [:],
  step: UInt32 = 1
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]],
      completions: [completions.map { Array(repeating: 7, count: $0.values.count) }]),
    rewards: completions.map(\.reward), isFinished: nil, columns: [:], step: step,
    minibatchOffsets: [0, completions.count])
  var result = completions.flatMap(\.values)
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

@Suite struct PositiveWeightTests {
  @Test func `a tenth of the positive ones and all of the negative ones is left`() throws {
    // 0.1 is rounded to Double and 10 · 0.1 is 1 there.
    #expect(try weighed([(0, [10, -10, 0])]) == [1, -10, 0])
  }

  @Test func `each sign has its weight, token by token`() throws {
    let result = try weighed(
      [(0, [4, -4]), (1, [-1, 8])], ["positive": .number(0.5), "negative": .number(0.25)])
    #expect(result == [2, -1, -0.25, 4])
  }

  @Test func `a weight of zero leaves zeros without a sign`() throws {
    let result = try weighed([(0, [4, -4, 0, -0.0])], ["negative": .number(0)])
    #expect(result.map(\.bitPattern).suffix(3) == [0, 0, 0])
    #expect(try weighed([(0, [4, -4])], ["positive": .number(0)]) == [0, -4])
  }

  @Test func `outcomes are one and minus one, whatever the rewards`() throws {
    let given: [String: ParameterValue] = [
      "values": .text("outcome"), "positive": .number(0.25), "negative": .number(0.5),
    ]
    // Knights and knaves: 3 where right, else below 0; mathematics: 1 and 0.
    #expect(
      try weighed([(3, [3, 3]), (-0.5, [-0.5]), (-3, [-3])], given) == [0.25, 0.25, -0.5, -0.5])
    #expect(try weighed([(1, [1]), (0, [0, 0])], given) == [0.25, -0.5, -0.5])
  }

  @Test func `the outcome is what the chain has at the first token`() throws {
    #expect(try weighed([(1, [-2, 5])], ["values": .text("outcome")]) == [-1, -1])
  }

  @Test func `the positive weight rises to one by stages`() throws {
    // Half of ten steps at 0.5, then 5 steps to 1: a tenth a step.
    let given: [String: ParameterValue] = [
      "positive": .number(0.5), "rise-after": .integer(4), "rise-steps": .integer(4),
    ]
    let expected: [Float] = [0.5, 0.5, 0.625, 0.75, 0.875, 1, 1]
    let steps = [1, 4, 5, 6, 7, 8, 9] as [UInt32]
    for (step, weight) in zip(steps, expected) {
      #expect(try weighed([(0, [1, -1])], given, step: step) == [weight, -1], "step \(step)")
    }
  }

  @Test func `without rise-steps no step changes it`() throws {
    #expect(
      try weighed([(0, [8])], ["positive": .number(0.5), "rise-after": .integer(3)], step: 900)
        == [4])
  }

  @Test func `what is beyond the greatest number stops there`() throws {
    #expect(
      try weighed([(0, [3e38, -3e38])], ["positive": .number(2), "negative": .number(2)])
        == [.greatestFiniteMagnitude, -.greatestFiniteMagnitude])
  }

  @Test func `a batch without tokens is passed over`() throws {
    #expect(try weighed([(1, []), (0, [])], ["values": .text("outcome")]).isEmpty)
  }

  @Test func `the defaults are W-REINFORCE's weights, and no column is needed`() throws {
    #expect(
      PositiveWeight.manual.parameters.map(\.defaultValue)
        == [.number(0.1), .number(1), .text("advantage"), .integer(0), .integer(0)])
    #expect(try make().needs.isEmpty)
    #expect(PositiveWeight.manual.formula == "A ← λ⁺ A where A > 0, λ⁻ A where A < 0")
  }

  @Test func `a negative weight is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["positive": .number(-1)]) }
    #expect(
      error?.description == """
        advantage[1].positive: expected a number in 0.0...1000000.0, got -1.0
          hint: the weight of A > 0; 0: none learns
        """)
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginPositiveWeight(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "positive-weight")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["positive-weight"])
    #expect(registrar.failure == nil)
  }
}
