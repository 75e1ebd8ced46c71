import CEGPPOPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> CEGPPOObjective {
  let parameters = try Parameters(given, for: CEGPPOObjective.manual.parameters, at: "objective")
  return try CEGPPOObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct CEGPPOTests {
  @Test func `a clipped token keeps its bound times beta`() throws {
    // r = 1/e, e, e, 1/e with A = -2, 2, -2, 2. The first two are clipped: 0.5 · 0.8 · -2 and
    // 1 · 1.2 · 2; the others have r A. N = 4.
    let batch = MiniBatch(
      current: [-2, -1, -1, -2], old: [-1, -2, -2, -1], advantages: [-2, 2, -2, 2])
    let result = try batch.weighed(by: makeObjective())
    let e = exp(1.0)
    for (weight, expected) in zip(result.weights, [-0.8, 2.4, -2 * e, 2 / e]) {
      #expect(isNear(weight, expected / 4))
    }
    // −w (1 + log r) where it is clipped, −r A else.
    for (loss, expected) in zip(result.losses, [0, -4.8, 2 * e, -2 / e]) {
      #expect(isNear(loss, expected / 4))
    }
    #expect(result.metrics.mean("clip_ratio/low_mean") == 0.25)
    #expect(result.metrics.mean("clip_ratio/high_mean") == 0.25)
  }

  @Test func `without betas it is the clipped surrogate`() throws {
    let batch = MiniBatch(
      current: [-2, -1, -1, -2], old: [-1, -2, -2, -1], advantages: [-2, 2, -2, 2])
    let result = try batch.weighed(
      by: makeObjective(["beta-low": .number(0), "beta-high": .number(0)]))
    #expect(result.weights[0] == 0 && result.weights[1] == 0)
    #expect(isNear(result.weights[2], -exp(1.0) / 2))
  }

  @Test func `the dual clip is one, and the clips' edges are inside`() throws {
    // r = e^3 = 20.1 and A < 0: no gradient, loss 10.
    let far = MiniBatch(current: [-1], old: [-4], advantages: [-1])
    let result = try far.weighed(by: makeObjective())
    #expect(result.weights == [0])
    #expect(result.losses == [10])
    #expect(try far.weighed(by: makeObjective(["dual-clip": .number(0)])).weights[0] < -20)
    // r = 1 with clips of 0 is on both edges: β is not used.
    let edge = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [2, -2])
    let tight = try edge.weighed(
      by: makeObjective(["clip-low": .number(0), "clip-high": .number(0)]))
    #expect(tight.weights == [1, -1])
  }

  @Test func `a number that is none is not hidden, and no advantage is no weight`() throws {
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, 1, .nan])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
    let idle = MiniBatch(current: [-1, -3], old: [-2, -1], advantages: [0, 0])
    #expect(try idle.weighed(by: makeObjective()).weights == [0, 0])
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = CEGPPOObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "clip-low", "clip-high", "beta-low", "beta-high", "dual-clip",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.2), .number(0.5), .number(1), .number(10),
      ])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective().isTokenwise == true)
    let registrar = PluginRegistrar()
    fulcrumPluginCEGPPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "ce-gppo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["ce-gppo"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        ce-gppo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test(arguments: [1, 0.5])
  func `a dual clip that would clip a ratio of 1 is refused`(dual: Double) throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["dual-clip": .number(dual)])
    }
    #expect(
      error?.description == """
        objective.dual-clip: expected 0 (off) or a number above 1, got \(dual)
          hint: a ratio of 1 must stay unclipped; 10 is usual
        """)
    #expect(throws: Never.self) { try makeObjective(["dual-clip": .number(0)]) }
  }
}
