import DPPOPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> DPPOObjective {
  let parameters = try Parameters(given, for: DPPOObjective.manual.parameters, at: "objective")
  return try DPPOObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct DPPOTests {
  /// π and p of 1/2 and 1/4, and the other way round, each under both signs of A; N = 4.
  private let halves = MiniBatch(
    current: [0.5, 0.5, 0.25, 0.25].map { Float(log($0)) },
    old: [0.25, 0.25, 0.5, 0.5].map { Float(log($0)) }, advantages: [1, -1, 1, -1])

  @Test func `a probability that moved too far along A gives no gradient`() throws {
    // |π − p| = 1/4. Along A: the first and the last. The second has r = 2, the third 1/2.
    let inside = try halves.weighed(
      by: makeObjective(["bound-low": .number(0.3), "bound-high": .number(0.3)]))
    for (weight, expected) in zip(inside.weights, [0.5, -0.5, 0.125, -0.125]) {
      #expect(isNear(weight, expected))
    }
    let outside = try halves.weighed(by: makeObjective())
    #expect(outside.weights[0] == 0 && outside.weights[3] == 0)
    #expect(outside.losses[0] == 0 && outside.losses[3] == 0)
    #expect(outside.weights[1...2] == inside.weights[1...2])
    // −w log π: 1/2 · ln 1/2 and −1/8 · ln 1/4.
    #expect(isNear(outside.losses[1], 0.5 * log(0.5)))
    #expect(isNear(outside.losses[2], -0.125 * log(0.25)))
    #expect(outside.metrics.mean("clip_ratio/high_mean") == 0.25)
    #expect(outside.metrics.mean("clip_ratio/low_mean") == 0.25)
    // The bounds are apart.
    let low = try halves.weighed(by: makeObjective(["bound-low": .number(0.3)]))
    #expect(low.weights[0] == 0 && low.weights[3] == inside.weights[3])
  }

  @Test func `on the bound a token is inside`() throws {
    // π = 1, p = e^-1.
    let batch = MiniBatch(current: [0], old: [-1], advantages: [1])
    let bound = 1 - exp(-1.0)
    #expect(try batch.weighed(by: makeObjective(["bound-high": .number(bound)])).weights[0] > 2)
    #expect(
      try batch.weighed(by: makeObjective(["bound-high": .number(bound.nextDown)])).weights == [0])
  }

  @Test func `the binary KL is worked by hand`() throws {
    // p = 1/2 and π = 9/10: 1/2 ln(5/9) + 1/2 ln 5 = 0.5108.
    let batch = MiniBatch(
      current: [Float(log(0.9)), Float(log(0.9))], old: [Float(log(0.5)), Float(log(0.5))],
      advantages: [1, -1])
    func weights(_ bound: Double) throws -> [Float] {
      try batch.weighed(
        by: makeObjective([
          "divergence": .text("kl"), "bound-low": .number(bound), "bound-high": .number(bound),
        ])
      ).weights
    }
    #expect(isNear(try weights(0.52)[0], 0.9))
    #expect(try weights(0.5)[0] == 0)
    // π rose: for A < 0 that is no way to leave the region.
    #expect(isNear(try weights(0.01)[1], -0.9))
  }

  @Test func `the importance weight is capped`() throws {
    // r = e^4 = 54.6, π rose, A < 0: outside of no bound.
    let batch = MiniBatch(current: [-1], old: [-5], advantages: [-1])
    #expect(try batch.weighed(by: makeObjective()).weights == [-20])
    #expect(try batch.weighed(by: makeObjective()).losses == [-20])
    #expect(try batch.weighed(by: makeObjective(["ratio-cap": .number(3)])).weights == [-3])
  }

  @Test func `the sampler's record can be the anchor`() throws {
    var batch = MiniBatch(current: [-1], old: [-1], advantages: [-1])
    batch.further[.rolloutLogProbabilities] = [-2]
    let objective = try makeObjective(["anchor": .text("rollout")])
    #expect(objective.needs == [.oldLogProbabilities, .rolloutLogProbabilities])
    // r = e; against the old policy it would be 1.
    #expect(isNear(try batch.weighed(by: objective).weights[0], -exp(1.0)))
    #expect(try batch.weighed(by: makeObjective()).weights == [-1])
    batch.further = [:]
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: objective) }
    #expect(
      error?.description == """
        column rollout-log-probabilities was not computed
          hint: name it in the component's 'needs'
        """)
  }

  @Test(arguments: ["tv", "kl"])
  func `a number that is none is not hidden, and no advantage is no weight`(divergence: String)
    throws
  {
    let objective = try makeObjective(["divergence": .text(divergence)])
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, 1, .nan])
    #expect(try broken.weighed(by: objective).weights.allSatisfy { $0.isNaN })
    let idle = MiniBatch(current: [-1, -3], old: [-2, -1], advantages: [0, 0])
    #expect(try idle.weighed(by: objective).weights == [0, 0])
    // Probabilities of 1, old and new, have no KL.
    let sure = MiniBatch(current: [0], old: [0], advantages: [1])
    #expect(try sure.weighed(by: objective).weights == [1])
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = DPPOObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "divergence", "anchor", "bound-low", "bound-high", "ratio-cap",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .text("tv"), .text("old"), .number(0.15), .number(0.15), .number(20),
      ])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective().isTokenwise == true)
    let registrar = PluginRegistrar()
    fulcrumPluginDPPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "dppo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["dppo"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        dppo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
