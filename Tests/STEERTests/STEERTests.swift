import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import STEERPlugin
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> STEERObjective {
  let parameters = try Parameters(given, for: STEERObjective.manual.parameters, at: "objective")
  return try STEERObjective(parameters, context: ComponentContext())
}

/// One rounding to Float of values below 32, and of log-probabilities that make them.
private func isNear(_ value: Float, _ expected: Double) -> Bool {
  abs(Double(value) - expected) <= 4e-7 * max(1, abs(expected))
}

@Suite struct STEERTests {
  /// p = π; |Ω| is 0, as ln 1/2 + ln 2 is, then 3/4 · ln 4 and half of that.
  private func batch(scale: Float = 1) -> MiniBatch {
    let current = [0.5, 0.25, 0.25].map { Float(log($0)) }
    var batch = MiniBatch(
      current: current, old: current, advantages: [scale, -scale, scale / 2], lengths: [1, 2])
    batch.further[.entropies] = [Float(log(2.0)), 0, 0]
    return batch
  }

  @Test func `lambda falls from the greatest at the least change to the least at the largest`()
    throws
  {
    let result = try batch().weighed(by: makeObjective())
    for (lambda, expected) in zip(result.survey, [1.2, 0.8, 1]) {
      #expect(isNear(lambda, expected))
    }
    // r = 1, N = 3: λ A / 3.
    for (weight, expected) in zip(result.weights, [1.2, -0.8, 0.5]) {
      #expect(isNear(weight, expected / 3))
    }
    #expect(isNear(result.losses[1], 0.8 / 3))
    #expect(abs(try #require(result.metrics.mean("steer/weight_mean")) - 1) < 1e-6)
    let own = try batch().weighed(
      by: makeObjective(["least": .number(0.5), "greatest": .number(2)]))
    for (lambda, expected) in zip(own.survey, [2, 0.5, 1.25]) { #expect(isNear(lambda, expected)) }
  }

  @Test func `the exponential form falls from 1 and does not stretch small changes`() throws {
    let form = ["form": ParameterValue.text("exponential"), "least": .number(0.25)]
    let result = try batch().weighed(by: makeObjective(form))
    for (lambda, expected) in zip(result.survey, [1, 0.25, 0.5]) {
      #expect(isNear(lambda, expected))
    }
    // The largest change is 3/4 ln 4 / 2^10, which is less than 0.02: λ = 1/4^(change / 0.02).
    let small = try batch(scale: 0x1p-10).weighed(by: makeObjective(form))
    let change = 0.75 * log(4.0) * 0x1p-10
    #expect(isNear(small.survey[1], exp(-log(4.0) * change / 0.02)))
    // The linear form does.
    #expect(isNear(try batch(scale: 0x1p-10).weighed(by: makeObjective()).survey[1], 0.8))
  }

  @Test func `the change is worked by hand, and held where it can't be`() {
    // A/p = −8 with p = 1/4, π = 1/2: 8 · 1/4 · |ln 1/2 + 2|.
    let change = entropyChange(
      advantage: -2, logProbability: Float(log(0.5)), oldLogProbability: Float(log(0.25)),
      entropy: 2)
    #expect(abs(change - 2 * (2 - log(2.0))) < 1e-6)
    // π = 1 is held at 1 − 1e-8, p = e^−80 at 1e-8.
    let far = entropyChange(
      advantage: 1, logProbability: 0, oldLogProbability: -80, entropy: 2)
    #expect(abs(far - 2) < 1e-6)
    #expect(
      entropyChange(advantage: 1, logProbability: -1, oldLogProbability: -1, entropy: .nan) == 0)
  }

  @Test func `equal changes have the middle, and masked sequences no part`() throws {
    var batch = batch()
    batch.shares = [1, 0]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.survey == [1, 0, 0])
    #expect(result.weights == [1, 0, 0])
    #expect(result.metrics.mean("steer/weight_mean") == 1)
  }

  @Test func `a clipped token has no weight whatever its lambda`() throws {
    // r = e: above 1.28 for A > 0; e^3 above the dual clip for A < 0.
    var batch = MiniBatch(current: [-1, -1, -1], old: [-2, -4, -1], advantages: [1, -1, 0])
    batch.further[.entropies] = [1, 1, 1]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0, 0, 0])
    #expect(isNear(result.losses[0], -1.28 * Double(result.survey[0]) / 3))
    #expect(isNear(result.losses[1], 10 * Double(result.survey[1]) / 3))
  }

  @Test func `a number that is none is not hidden`() throws {
    var broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, 1, .nan])
    broken.further[.entropies] = [1, 1, 1]
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `weights in the wrong order, and no old entropies, are refused`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["greatest": .number(0.5)])
    }
    #expect(
      error?.description
        == "objective.greatest: expected at least 'least', which is 0.8, got 0.5")
    // The exponential form has no such bound.
    #expect(throws: Never.self) {
      try makeObjective(["greatest": .number(0.5), "form": .text("exponential")])
    }
    let batch = MiniBatch(current: [-1], old: [-1], advantages: [1])
    let missing = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(missing?.message == "column entropies was not computed")
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = STEERObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "clip-low", "clip-high", "dual-clip", "form", "least", "greatest",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.28), .number(10), .text("linear"), .number(0.8), .number(1.2),
      ])
    #expect(!manual.formula.isEmpty)
    #expect(try makeObjective().needs == [.oldLogProbabilities, .entropies])
    #expect(try makeObjective().isTokenwise == true)
    let registrar = PluginRegistrar()
    fulcrumPluginSTEER(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "steer")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["steer"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        steer: expected 2 old log-probabilities, one for each token, got 0
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
