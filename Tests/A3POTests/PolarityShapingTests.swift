import A3POPlugin
import Foundation
import FulcrumKernel
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> PolarityShaping {
  let parameters = try Parameters(given, for: PolarityShaping.manual.parameters, at: "advantage[1]")
  return try PolarityShaping(parameters, context: ComponentContext())
}

/// What becomes of the advantages of completions whose tokens have these probabilities.
private func shaped(
  _ completions: [(advantages: [Float], probabilities: [Double])],
  _ given: [String: ParameterValue] = [:], step: UInt32 = 1
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]],
      completions: [completions.map { Array(repeating: 7, count: $0.advantages.count) }]),
    rewards: completions.map { _ in 0 }, isFinished: nil,
    columns: [
      .oldLogProbabilities: completions.flatMap { $0.probabilities.map { Float(log($0)) } }
    ], step: step, minibatchOffsets: [0, completions.count])
  var result = completions.flatMap(\.advantages)
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

private let five = [0.9, 0.1, 0.5, 0.7, 0.3]

@Suite struct PolarityShapingTests {
  @Test
  func `a fifth of five tokens is one: the unlikeliest where right, the likeliest where wrong`()
    throws
  {
    let result = try shaped([([1, 1, 1, 1, 1], five), ([-1, -1, -1, -1, -1], five)])
    #expect(result == [1, 2, 1, 1, 1, -2, -1, -1, -1, -1])
  }

  @Test func `factors fall by the step until they are one`() throws {
    // share 0.4 of five is two. Step 101: 2 − 0.005 · 100 = 1.5, and 3 − 0.5 = 2.5.
    let given: [String: ParameterValue] = [
      "share": .number(0.4), "negative-factor": .number(3), "decay": .number(0.0078125),
    ]
    // δ = 1/128: step 65 has lost a half, step 257 two.
    let both: [(advantages: [Float], probabilities: [Double])] = [
      ([2, 2, 2, 2, 2], five), ([-2, -2, -2, -2, -2], five),
    ]
    #expect(try shaped(both, given, step: 65) == [2, 3, 2, 2, 3, -5, -2, -2, -5, -2])
    #expect(try shaped(both, given, step: 129) == [2, 2, 2, 2, 2, -4, -2, -2, -4, -2])
    #expect(try shaped(both, given, step: 257) == [2, 2, 2, 2, 2, -2, -2, -2, -2, -2])
    // A step that isn't known counts as the first.
    #expect(try shaped(both, given, step: 0) == shaped(both, given, step: 1))
  }

  @Test func `at least one token is raised, and never a fraction of one`() throws {
    #expect(try shaped([([1, 1], [0.2, 0.6])], ["share": .number(0)]) == [2, 1])
    #expect(try shaped([([1, 1, 1], [0.6, 0.2, 0.4])], ["share": .number(0.6)]) == [1, 2, 1])
    #expect(try shaped([([1, 1, 1], [0.6, 0.2, 0.4])], ["share": .number(1)]) == [2, 2, 2])
    #expect(try shaped([([-3], [0.5])]) == [-6])
  }

  @Test func `of equally likely tokens the earlier one is raised`() throws {
    let result = try shaped([([1, 1, 1], [0.5, 0.5, 0.5]), ([-1, -1, -1], [0.5, 0.5, 0.5])])
    #expect(result == [2, 1, 1, -2, -1, -1])
  }

  @Test func `a chosen token of the other sign, or of none, stays as it is`() throws {
    // The unlikeliest has a negative advantage and the likeliest a positive one.
    #expect(try shaped([([1, -1, 0], [0.9, 0.1, 0.5])]) == [1, -1, 0])
    #expect(try shaped([([0, 0, 0], [0.9, 0.1, 0.5])]) == [0, 0, 0])
  }

  @Test func `completions are ranked apart, and empty ones passed over`() throws {
    let result = try shaped([([1, 1], [0.9, 0.8]), ([], []), ([1, 1], [0.1, 0.2])])
    #expect(result == [1, 2, 2, 1])
    #expect(try shaped([([], [])]).isEmpty)
  }

  @Test func `an impossible token is the unlikeliest`() throws {
    let result = try shaped([([1, 1], [1e-30, 0])])
    #expect(result == [1, 2])
  }

  @Test func `what is beyond the greatest number stops there`() throws {
    #expect(
      try shaped([([3e38], [0.5]), ([-3e38], [0.5])])
        == [.greatestFiniteMagnitude, -.greatestFiniteMagnitude])
  }

  @Test func `the defaults are twice on a fifth, and the old probabilities are read`() throws {
    #expect(
      PolarityShaping.manual.parameters.map(\.defaultValue)
        == [.number(2), .number(2), .number(0.2), .number(0.005)])
    #expect(try make().needs == [.oldLogProbabilities])
    #expect(PolarityShaping.manual.formula.hasPrefix("A ← max(ρ − δ (step − 1), 1) A"))
  }

  @Test func `a factor below one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["positive-factor": .number(0.5)]) }
    #expect(
      error?.description == """
        advantage[1].positive-factor: expected a number in 1.0...1000000.0, got 0.5
          hint: rho of the unlikeliest tokens with A > 0, in the first step; 1: none is raised
        """)
  }

  @Test func `a batch without old-log-probabilities is refused`() throws {
    let transform = try make()
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginA3PO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "a3po")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["a3po"])
    #expect(registrar.failure == nil)
  }
}
