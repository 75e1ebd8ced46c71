import ArcherPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> ArcherObjective {
  let parameters = try Parameters(given, for: ArcherObjective.manual.parameters, at: "objective")
  return try ArcherObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct ArcherTests {
  /// Five tokens of which the last is the only one above the 0.8 quantile of entropies, 4.2.
  private func batch(ratios: [Double], advantages: [Float], excess: Double = 0) -> MiniBatch {
    let current = ratios.map { Float(-3 + log($0)) }
    var batch = MiniBatch(
      current: current, old: ratios.map { _ in -3 }, reference: current.map { $0 + Float(excess) },
      advantages: advantages)
    batch.entropies = [1, 2, 3, 4, 5]
    return batch
  }

  @Test func `a token of high entropy has the wider clip`() throws {
    // 1.25 is above 1.2 and below 1.5; 0.625 is below 0.8 and above 0.5; 16 is above the dual clip.
    let up = try batch(ratios: [1.25, 1, 16, 1, 1.25], advantages: [1, 1, -1, 1, 1])
      .weighed(by: makeObjective())
    for (weight, expected) in zip(up.weights, [0, 1, 0, 1, 1.25]) {
      #expect(isNear(weight, expected / 5))
    }
    #expect(isNear(up.losses[0], -1.2 / 5))
    #expect(isNear(up.losses[2], 10.0 / 5))
    let down = try batch(ratios: [0.625, 1, 1, 1, 0.625], advantages: [-1, -1, -1, -1, -1])
      .weighed(by: makeObjective())
    #expect(down.weights[0] == 0)
    #expect(isNear(down.weights[4], -0.625 / 5))
  }

  @Test func `each side has its own KL`() throws {
    // log π_ref − log π = ln 2: the pull is 1 and k3 is 1 − ln 2. Four tokens are on the low side.
    let batch = batch(ratios: [1, 1, 1, 1, 1], advantages: [0, 0, 0, 0, 0], excess: log(2))
    let own = ["beta": ParameterValue.number(0.5), "high-entropy-beta": .number(0.125)]
    let side = try batch.weighed(by: makeObjective(own))
    for (weight, expected) in zip(side.weights, [0.5, 0.5, 0.5, 0.5, 0.125]) {
      #expect(isNear(weight, expected == 0.5 ? 0.5 / 4 : 0.125))
    }
    #expect(isNear(side.losses[0], 0.5 / 4 * (1 - log(2))))
    let all = try batch.weighed(
      by: makeObjective(own.merging(["kl-mean": .text("sequence")]) { $1 }))
    for (weight, expected) in zip(all.weights, [0.5, 0.5, 0.5, 0.5, 0.125]) {
      #expect(isNear(weight, expected / 5))
    }
  }

  @Test func `beyond 10 the KL has no gradient`() throws {
    // x = 3: e^3 − 4 = 16.1. x = −12: e^−12 + 11 = 11. x = 2.5: 8.7.
    for (excess, isFree) in [(3.0, false), (-12, false), (2.5, true)] {
      let batch = batch(ratios: [1, 1, 1, 1, 1], advantages: [0, 0, 0, 0, 0], excess: excess)
      let result = try batch.weighed(by: makeObjective(["beta": .number(1)]))
      #expect((result.weights[0] != 0) == isFree, "\(excess)")
      if !isFree { #expect(isNear(result.losses[0], 10.0 / 4)) }
    }
  }

  @Test func `no reference is needed without a KL`() throws {
    let objective = try makeObjective(["beta": .number(0)])
    #expect(objective.needs == [.oldLogProbabilities])
    let batch = MiniBatch(current: [-1], old: [-1], advantages: [2])
    #expect(try batch.weighed(by: objective).weights == [2])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        archer: expected 1 reference log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
    #expect(
      try makeObjective(["beta": .number(0), "high-entropy-beta": .number(1)]).needs.count == 2)
  }

  @Test func `a number that is none is not hidden`() throws {
    let broken = MiniBatch(
      current: [.nan, -1, -1, -1], old: [-1, .nan, -1, -1], reference: [-1, -1, -1, .nan],
      advantages: [1, -1, .nan, 1])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `an entropy that is not a number is refused, but for masked sequences`() throws {
    var batch = MiniBatch(
      current: [-1, -1], old: [-1, -1], reference: [-1, -1], advantages: [1, 1], lengths: [1, 1])
    batch.entropies = [.nan, 1]
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        archer: expected entropies, got one that is not a number
          hint: the policy's logits are damaged; look at the steps before this one
        """)
    batch.shares = [0, 1]
    #expect(try batch.weighed(by: makeObjective()).weights[0] == 0)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = ArcherObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "clip-low", "clip-high", "high-entropy-clip-low", "high-entropy-clip-high", "quantile",
        "dual-clip", "beta", "high-entropy-beta", "kl-mean",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.2), .number(0.5), .number(0.5), .number(0.8), .number(10),
        .number(0.001), .number(0), .text("side"),
      ])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities, .referenceLogProbabilities])
    #expect(try makeObjective().isTokenwise == false)
    let registrar = PluginRegistrar()
    fulcrumPluginArcher(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "archer")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["archer"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        archer: expected 2 old log-probabilities, one for each token, got 0
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
