import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import SAPOPlugin
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> SAPOObjective {
  let parameters = try Parameters(given, for: SAPOObjective.manual.parameters, at: "objective")
  return try SAPOObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct SAPOTests {
  @Test func `on policy the weight is the advantage`() throws {
    // r = 1: s = 1/2, so w = 4 · 1/4 · A, and J = 4/τ · 1/2 · A with τ = 1 and, for A < 0, 1.05.
    let batch = MiniBatch(current: [-1, -2], old: [-1, -2], advantages: [3, -2])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [1.5, -1])
    #expect(result.losses == [-3, Float(2 / 1.05)])
  }

  @Test func `the gate is worked by hand where it is three quarters and a fifth`() throws {
    // τ (r − 1) = ln 3 gives s = 3/4 and w = 4 · 3/16 r A; −ln 4 gives s = 1/5 and w = 4 · 4/25 r A.
    let above = 1 + log(3.0)
    let below = 1 - log(4.0) / 2
    let batch = MiniBatch(
      current: [Float(-3 + log(above)), Float(-3 + log(below))], old: [-3, -3],
      advantages: [2, -2], lengths: [1, 1])
    let result = try batch.weighed(by: makeObjective(["temperature-negative": .number(2)]))
    #expect(isNear(result.weights[0], 0.75 * above * 2 / 2))
    #expect(isNear(result.losses[0], -4 * 0.75 * 2 / 2))
    #expect(isNear(result.weights[1], 0.64 * below * -2 / 2))
    #expect(isNear(result.losses[1], 2 * 0.2 * 2 / 2))
  }

  @Test func `far from the old policy a token weighs nothing, however large the ratio`() throws {
    let huge: Float = 1e6
    let batch = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights.allSatisfy { abs($0) < 1e-30 })
    #expect(result.losses.allSatisfy { $0.isFinite })
  }

  @Test func `a number that is none is not hidden, and no advantage is no weight`() throws {
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, 1, .nan])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
    let idle = MiniBatch(current: [-1, -3], old: [-2, -1], advantages: [0, 0])
    #expect(try idle.weighed(by: makeObjective()).weights == [0, 0])
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = SAPOObjective.manual
    #expect(
      manual.parameters.map(\.name) == ["temperature-positive", "temperature-negative"])
    #expect(
      manual.parameters.map(\.defaultValue) == [.number(1), .number(1.05)])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective().isTokenwise == true)
    let registrar = PluginRegistrar()
    fulcrumPluginSAPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "sapo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["sapo"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        sapo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
