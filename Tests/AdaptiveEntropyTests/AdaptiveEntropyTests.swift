import AdaptiveEntropyPlugin
import FulcrumKernel
import PluginTesting
import TestSupport
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> AdaptiveEntropy {
  let parameters = try Parameters(given, for: AdaptiveEntropy.manual.parameters, at: "objective")
  return try AdaptiveEntropy(parameters, context: ComponentContext())
}

/// A batch of one sequence whose tokens have these entropies.
private func batch(_ entropies: [Float]) -> RolloutBatch {
  RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]], completions: [[Array(repeating: 7, count: entropies.count)]]),
    rewards: [0], columns: [.entropies: entropies])
}

@Suite struct AdaptiveEntropyTests {
  private let settings: [String: ParameterValue] = [
    "target": .number(0.5), "delta": .number(0.25), "maximum": .number(0.4),
  ]

  /// The weights on the entropies of two tokens of share 1/2, and their losses.
  private func weights(of objective: AdaptiveEntropy) throws -> (weights: [Float], losses: [Float])
  {
    var batch = ObjectiveMinibatch(current: [-1, -2], advantages: [1, -1])
    batch.entropies = [0.5, 2]
    let result = try batch.weighed(by: objective)
    #expect(result.weights == [0, 0])
    return (result.entropyWeights, result.entropyLosses)
  }

  @Test func `the coefficient follows the target, within its bounds`() throws {
    let objective = try make(settings)
    // Means 0.4, 0.3, 0.6 and 0.4 against 0.5, in steps of 0.25: 0.25, 0.5 held at 0.4, 0.15, 0.4.
    for (entropies, coefficient, isOn) in [
      ([0.3, 0.5], 0.25, 1.0), ([0.3, 0.3], 0.4, 1), ([0.6, 0.6], 0.15, 0), ([0.4], 0.4, 1),
    ] as [([Float], Double, Double)] {
      try objective.begin(batch(entropies))
      #expect(abs((objective.state["coefficient"] ?? .nan) - coefficient) < 1e-15)
      #expect(objective.state["on"] == isOn)
    }
    for _ in 0..<4 { try objective.begin(batch([1])) }
    #expect(objective.state["coefficient"] == 0)
  }

  private struct Golden: Decodable {
    struct Case: Decodable {
      let target, delta, minimum, maximum, initial: Double
      let entropies: [Float]
      /// The coefficient after each, and 1 where the bonus counts.
      let steps: [[Double]]
    }

    let cases: [Case]
  }

  @Test func `coefficients are those of the authors' code`() throws {
    let golden = try GoldenFile.read(Golden.self, "adaptive-entropy")
    #expect(golden.cases.count == 3)
    for expected in golden.cases {
      let objective = try make([
        "target": .number(expected.target), "delta": .number(expected.delta),
        "minimum": .number(expected.minimum), "maximum": .number(expected.maximum),
        "initial": .number(expected.initial),
      ])
      for (entropy, step) in zip(expected.entropies, expected.steps) {
        try objective.begin(batch([entropy]))
        // The same sums in double precision.
        #expect(objective.state == ["coefficient": step[0], "on": step[1]])
      }
    }
  }

  @Test func `the bonus counts while the entropy is below the target alone`() throws {
    let objective = try make(settings)
    #expect(try weights(of: objective).weights == [0, 0])
    try objective.begin(batch([0.25]))
    // c = 0.25, shares 1/2: v = 0.125, losses −0.125 H.
    #expect(try weights(of: objective).weights == [0.125, 0.125])
    #expect(try weights(of: objective).losses == [-0.0625, -0.25])
    try objective.begin(batch([0.5]))
    #expect(try weights(of: objective).weights == [0, 0])
  }

  @Test func `it begins at the initial coefficient and reports what it has`() throws {
    let objective = try make(settings.merging(["initial": .number(0.125)]) { $1 })
    #expect(objective.state == ["coefficient": 0.125, "on": 0])
    try objective.begin(batch([0.25]))
    let result = try ObjectiveMinibatch(current: [-1, -2], advantages: [1, -1])
      .weighed(by: objective)
    #expect(result.metrics.mean("adaptive_entropy/coefficient") == 0.375)
  }

  @Test func `a batch without tokens changes nothing`() throws {
    let objective = try make(settings)
    try objective.begin(batch([0.25]))
    let before = objective.state
    try objective.begin(batch([]))
    #expect(objective.state == before)
  }

  @Test func `a state is restored to the bit, and one that lacks a number is refused`() throws {
    let objective = try make(settings)
    try objective.begin(batch([0.25]))
    let other = try make(settings)
    try other.restore(objective.state)
    #expect(other.state == objective.state)
    let error = #expect(throws: FulcrumError.self) { try other.restore(["on": 1]) }
    #expect(
      error?.description == "expected 'coefficient' and 'on', got [\"on\"]")
    #expect(error?.code == .checkpoint)
  }

  @Test func `an entropy that is not a number stops the step and changes nothing`() throws {
    let objective = try make(settings)
    let error = #expect(throws: FulcrumError.self) { try objective.begin(batch([0.25, .nan])) }
    #expect(error?.description == "expected finite entropies, got a mean of nan")
    #expect(objective.state == ["coefficient": 0, "on": 0])
  }

  @Test func `bounds without room, and a beginning outside them, are refused`() {
    func sentence(_ given: [String: ParameterValue]) -> String? {
      #expect(throws: FulcrumError.self) { try make(given) }?.description
    }
    #expect(
      sentence(["minimum": .number(0.01), "initial": .number(0.01)]) == """
        objective.initial: expected a number from the minimum, 0.01, to the maximum, 0.005, got 0.01
          hint: the coefficient begins within its bounds
        """)
    #expect(
      sentence(["initial": .number(0.01)]) == """
        objective.initial: expected a number from the minimum, 0.0, to the maximum, 0.005, got 0.01
          hint: the coefficient begins within its bounds
        """)
  }

  @Test func `the entry function registers one objective`() throws {
    let registrar = PluginRegistrar()
    fulcrumPluginAdaptiveEntropy(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "adaptive-entropy")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(try make().needs == [.entropies])
  }
}
