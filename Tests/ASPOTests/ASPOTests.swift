import ASPOPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> ASPOObjective {
  let parameters = try Parameters(given, for: ASPOObjective.manual.parameters, at: "objective")
  return try ASPOObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct ASPOTests {
  /// Five tokens of which the last is the only one above the 0.8 quantile of entropies, 4.2.
  private func batch(ratios: [Double], advantages: [Float]) -> MiniBatch {
    var batch = MiniBatch(
      current: ratios.map { Float(-3 + log($0)) }, old: ratios.map { _ in -3 },
      advantages: advantages)
    batch.entropies = [1, 2, 3, 4, 5]
    return batch
  }

  @Test func `the ratio is inverted where the advantage is positive`() throws {
    // A > 0: 1/r = 2, capped 3 for 8, and 0 above 1.2. A < 0: r = 2; the last token's clip is 0.4.
    let result = try batch(ratios: [0.5, 0.125, 1.25, 2, 1.25], advantages: [1, 2, 1, -1, 1])
      .weighed(by: makeObjective())
    for (weight, expected) in zip(result.weights, [2, 6, 0, -2, 0.8]) {
      #expect(isNear(weight, expected / 5))
    }
    // −w log π.
    #expect(isNear(result.losses[1], -6 * (-3 + log(0.125)) / 5))
    #expect(result.losses[2] == 0)
    #expect(result.metrics.mean("clip_ratio/high_mean") == 0.2)
  }

  @Test func `where the advantage is negative the cap is soft and the clip is hard`() throws {
    // r = 8 counts as 3; 0.75 and 0.5 are below 0.8; the last token's bound is 0.6.
    let result = try batch(ratios: [8, 0.75, 0.5, 0.875, 0.625], advantages: [-1, -1, -1, -1, -1])
      .weighed(by: makeObjective())
    for (weight, expected) in zip(result.weights, [-3, 0, 0, -0.875, -0.625]) {
      #expect(isNear(weight, expected / 5))
    }
    let wide = try batch(ratios: [8, 1, 1, 1, 1], advantages: [-1, 0, 0, 0, 0])
      .weighed(by: makeObjective(["cap": .number(1000)]))
    #expect(isNear(wide.weights[0], -8.0 / 5))
  }

  @Test func `no advantage is no weight, and a number that is none is not hidden`() throws {
    let idle = try batch(ratios: [1, 2, 0.5, 9, 0.1], advantages: [0, 0, 0, 0, 0])
      .weighed(by: makeObjective())
    #expect(idle.weights == [0, 0, 0, 0, 0])
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, -1, .nan])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `an entropy that is not a number is refused, but for masked sequences`() throws {
    var batch = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [1, 1], lengths: [1, 1])
    batch.entropies = [.nan, 1]
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        aspo: expected entropies, got one that is not a number
          hint: the policy's logits are damaged; look at the steps before this one
        """)
    batch.shares = [0, 1]
    #expect(try batch.weighed(by: makeObjective()).weights[0] == 0)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = ASPOObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "clip-low", "clip-high", "high-entropy-clip-low", "high-entropy-clip-high", "quantile",
        "cap",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.2), .number(0.4), .number(0.4), .number(0.8), .number(3),
      ])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective().isTokenwise == false)
    let registrar = PluginRegistrar()
    fulcrumPluginASPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "aspo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["aspo"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        aspo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
