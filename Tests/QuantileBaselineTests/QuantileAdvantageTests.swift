import FulcrumKernel
import QuantileBaselinePlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> QuantileAdvantage {
  let parameters = try Parameters(
    given, for: QuantileAdvantage.manual.parameters, at: "advantage[0]")
  return try QuantileAdvantage(parameters, context: ComponentContext())
}

/// The advantage of each completion of groups of rewards, a token each.
private func advantages(
  _ groups: [[Float]], _ given: [String: ParameterValue] = [:]
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: groups.map { _ in [1] }, completions: groups.map { $0.map { _ in [7] } }),
    rewards: groups.flatMap(\.self))
  var result = groups.flatMap(\.self)
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

private let plain: [String: ParameterValue] = ["scale": .text("none")]

@Suite struct QuantileAdvantageTests {
  @Test func `of a hard prompt only the right completion learns`() throws {
    // F(0) = 3/4 is at least 0.4: Q = 0. The deviation of 1, 0, 0, 0 is 1/2; the floor takes 4e-6 of 2.
    let result = try advantages([[1, 0, 0, 0]])
    #expect(abs(result[0] - 2) < 1e-5)
    #expect(result[1...] == [0, 0, 0])
  }

  @Test func `of an easy prompt only the wrong completion learns`() throws {
    // F(0) = 1/4 is below 0.4: Q = 1.
    let result = try advantages([[1, 1, 0, 1]])
    #expect(abs(result[2] + 2) < 1e-5)
    #expect([result[0], result[1], result[3]] == [0, 0, 0])
  }

  @Test(arguments: [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9])
  func `for zeros and ones the baseline is one where the ones are more than 1 - K`(share: Double)
    throws
  {
    for ones in 1...7 {
      let rewards = (0..<8).map { Float($0 < ones ? 1 : 0) }
      let result = try advantages(
        [rewards], plain.merging(["quantile": .number(share)]) { $1 })
      // Equation (4); eighths are exact, and 1 − K is compared as K ≤ 1 − p.
      let baseline: Float = share <= Double(8 - ones) / 8 ? 0 : 1
      #expect(result == rewards.map { $0 - baseline }, "\(ones) of 8")
    }
  }

  @Test func `a share that a product would miss is met exactly`() throws {
    // 0.55 · 20 is 11.000000000000002: the eleventh of 1...20 nevertheless, not the twelfth.
    let result = try advantages(
      [(1...20).map { Float($0) }], plain.merging(["quantile": .number(0.55)]) { $1 })
    #expect(result == (1...20).map { Float($0 - 11) })
  }

  @Test func `the ends are the least and the greatest return`() throws {
    for definition in ["inverse", "linear"] {
      let given = plain.merging(["definition": .text(definition)]) { $1 }
      #expect(
        try advantages([[3, 1, 7]], given.merging(["quantile": .number(0)]) { $1 }) == [2, 0, 6])
      #expect(
        try advantages([[3, 1, 7]], given.merging(["quantile": .number(1)]) { $1 }) == [-4, -6, 0])
    }
  }

  @Test func `the linear quantile lies between neighbours`() throws {
    // Place 0.25 · 2 = 0.5 between 1 and 3: 2.
    let given = plain.merging(["quantile": .number(0.25), "definition": .text("linear")]) { $1 }
    #expect(try advantages([[3, 1, 7]], given) == [1, -1, 5])
    // Eight with three zeros: place 2.8 of 0, 0, 0, 1 …: 0.8. Both signs learn.
    let eight = try advantages(
      [[0, 0, 0, 1, 1, 1, 1, 1]],
      plain.merging(["quantile": .number(0.4), "definition": .text("linear")]) { $1 })
    for (got, value) in zip(eight, [-0.8, -0.8, -0.8, 0.2, 0.2, 0.2, 0.2, 0.2]) {
      // A rounding to Float, and Double's noise of 2.8.
      #expect(abs(Double(got) - value) < 0x1p-24)
    }
  }

  @Test func `groups are apart, and a group of one keeps its return`() throws {
    let result = try advantages([[4, 2], [], [-0.5], [8, 6, 6]], plain)
    // Q of 2, 4 at 0.4 is 2; of 6, 6, 8 it is 6.
    #expect(result == [2, 0, -0.5, 2, 0, 0])
  }

  @Test func `equal returns that binary has not give zero, whatever the floor`() throws {
    #expect(try advantages([[0.1, 0.1, 0.1]], ["deviation-floor": .number(0)]) == [0, 0, 0])
    #expect(
      try advantages(
        [[0.1, 0.1, 0.1]], ["deviation-floor": .number(0), "definition": .text("linear")])
        == [0, 0, 0])
  }

  @Test func `each token has its completion's, and a completion without tokens counts`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6], [], [7]]]),
      rewards: [9, 1, 9])
    // What the chain left at first tokens: 4 and 2; the reward 1 of the empty one.
    var result: [Float] = [4, 50, 2]
    var span = result.mutableSpan
    try make(plain.merging(["quantile": .number(0.5)]) { $1 }).transform(&span, of: batch)
    #expect(result == [2, 2, 0])
  }

  @Test func `a difference beyond the greatest number stops there`() throws {
    let greatest = Float.greatestFiniteMagnitude
    #expect(
      try advantages([[greatest, -greatest]], plain.merging(["quantile": .number(1)]) { $1 })
        == [0, -greatest])
  }

  @Test func `the defaults are the paper's, and no column is needed`() throws {
    #expect(
      QuantileAdvantage.manual.parameters.map(\.defaultValue)
        == [.number(0.4), .text("inverse"), .text("group"), .number(1e-6)])
    #expect(try make().needs.isEmpty)
    #expect(QuantileAdvantage.manual.formula.hasPrefix("A = (R − Q_K) / (std + floor)"))
  }

  @Test func `an unknown quantile is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["definition": .text("nearest")]) }
    #expect(
      error?.description == """
        advantage[0].definition: expected one of inverse, linear, got nearest
          hint: inverse: the least return with a share K at or below it; linear: between neighbours
        """)
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginQuantileBaseline(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "quantile-baseline")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["quantile-baseline"])
    #expect(registrar.failure == nil)
  }
}
