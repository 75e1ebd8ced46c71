import Foundation
import FulcrumKernel
import KLCovPlugin
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> KLCovObjective {
  let parameters = try Parameters(given, for: KLCovObjective.manual.parameters, at: "objective")
  return try KLCovObjective(parameters, context: ComponentContext())
}

@Suite struct KLCovTests {
  @Test func `the token of highest covariance pays for its drift`() throws {
    // A has mean 0, log pi mean -3; covariances 2·1, 2·-1, -4·1.5, 0·-1.5: the first. Its ratio
    // is e^0.5 upwards, so its weight is r A - 1; N = 4.
    let batch = MiniBatch(
      current: [-2, -4, -1.5, -4.5], old: [-2.5, -4, -1.5, -4.5], advantages: [2, 2, -4, 0])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.survey == [1, 0, 0, 0])
    let ratio = exp(0.5)
    // One rounding to Float of values below 1.
    #expect(abs(Double(result.weights[0]) - (2 * ratio - 1) / 4) <= 0x1p-24)
    #expect(abs(Double(result.losses[0]) - (-2 * ratio + 0.5) / 4) <= 0x1p-24)
    #expect(result.weights[1...] == [0.5, -1, 0])
    #expect(result.losses[1...] == [-0.5, 1, 0])
    #expect(result.metrics.mean("kl_cov/selected_mean") == 0.25)
    #expect(result.metrics.mean("kl_cov/abs_log_ratio_mean") == 0.125)
    #expect(result.metrics.mean("approx_kl") == -0.125)
    #expect(
      result.metrics.entries.keys.sorted() == [
        "approx_kl", "kl_cov/abs_log_ratio_mean", "kl_cov/selected_mean", "policy_ratio/mean",
      ])
  }

  @Test func `a drift downwards is pulled up and on policy there is no pull`() throws {
    // The first token as above, but its ratio is e^-0.5, then 1.
    for (old, sign) in [(-1.5, -1.0), (-2, 0)] as [(Float, Double)] {
      let batch = MiniBatch(
        current: [-2, -4, -1.5, -4.5], old: [old, -4, -1.5, -4.5], advantages: [2, 2, -4, 0])
      let result = try batch.weighed(by: makeObjective(["penalty": .number(3)]))
      #expect(result.survey == [1, 0, 0, 0])
      let push = 2 * exp(-2 - Double(old))
      // One rounding to Float of values below 2.
      #expect(abs(Double(result.weights[0]) - (push - 3 * sign) / 4) <= 0x1p-23)
    }
  }

  @Test func `nothing is clipped`() throws {
    // r = e^3 with A > 0, and r = e^-3 with A < 0; without a penalty the weights are r A / 2.
    let batch = MiniBatch(current: [-1, -4], old: [-4, -1], advantages: [1, -1])
    let result = try batch.weighed(by: makeObjective(["penalty": .number(0)]))
    // One rounding to Float of values below 16.
    #expect(abs(Double(result.weights[0]) - exp(3.0) / 2) <= 0x1p-21)
    #expect(abs(Double(result.weights[1]) + exp(-3.0) / 2) <= 0x1p-26)
  }

  @Test func `of equal covariances the first is chosen`() throws {
    let batch = MiniBatch(
      current: [-1, -3, -1, -3], old: [-1, -3, -1, -3], advantages: [1, -1, 1, -1])
    #expect(try batch.weighed(by: makeObjective()).survey == [1, 0, 0, 0])
    let half = try batch.weighed(by: makeObjective(["share": .number(0.5)]))
    #expect(half.survey == [1, 1, 0, 0])
    let all = try batch.weighed(by: makeObjective(["share": .number(1)]))
    #expect(all.survey == [1, 1, 1, 1])
  }

  @Test func `masked sequences neither count nor are chosen`() throws {
    var batch = MiniBatch(
      current: [-2, -4, 0, -3, -3], old: [-2, -4, 0, -3, -3], advantages: [2, -1, 1e6, 1, -2],
      lengths: [2, 1, 2])
    batch.shares = [0.25, 0, 0.25]
    // Means 0 and -3 of four tokens: covariances 2, 1, 0, 0. Half of them is two tokens.
    let result = try batch.weighed(by: makeObjective(["share": .number(0.5)]))
    #expect(result.survey == [1, 1, 0, 0, 0])
    #expect(result.weights == [0.5, -0.25, 0, 0.25, -0.5])
    #expect(result.metrics.mean("kl_cov/selected_mean") == 0.5)
    batch.shares = [0, 0, 0]
    let none = try batch.weighed(by: makeObjective())
    #expect(none.survey == [0, 0, 0, 0, 0])
    #expect(none.metrics.mean("approx_kl") == nil)
  }

  @Test(arguments: Aggregation.allCases)
  func `random batches agree with differences of the oracle`(aggregation: Aggregation) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed, drift: -0.6...0.6)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(
        by: makeObjective(["share": .number(0.33), "penalty": .number(0.7)]))
      let here = batch.current.map(Double.init)
      let count = Double(here.count)
      let meanAdvantage = batch.advantages.reduce(0.0) { $0 + Double($1) } / count
      let meanHere = here.reduce(0, +) / count
      let covariances = here.indices.map {
        (Double(batch.advantages[$0]) - meanAdvantage) * (here[$0] - meanHere)
      }
      // A token is chosen if fewer than 16 of the 50 have a greater covariance: 0.33 · 50 = 16.5.
      let chosen = covariances.map { own in covariances.count(where: { $0 > own }) < 16 }
      #expect(result.survey == chosen.map { $0 ? 1 : 0 }, "seed \(seed)")
      let shares = batch.tokenShares
      func losses(_ current: [Double]) -> [Double] {
        current.indices.map { token in
          let drift = current[token] - Double(batch.old[token])
          let loss = -Double(batch.advantages[token]) * exp(drift)
          return shares[token] * (chosen[token] ? loss + 0.7 * abs(drift) : loss)
        }
      }
      let slopes = negativeSlopes(of: { losses($0).reduce(0, +) }, at: here)
      for token in here.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-6, "seed \(seed)")
        #expect(abs(Double(result.losses[token]) - losses(here)[token]) <= 1e-6, "seed \(seed)")
      }
    }
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 7)
    let objective = try makeObjective(["share": .number(0.2)])
    let whole = try batch.weighed(by: objective)
    #expect(whole.survey.reduce(0, +) == 10)
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: objective, slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2])
    let result = try far.weighed(
      by: makeObjective(["share": .number(1), "penalty": .number(1000)]))
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    let broken = MiniBatch(current: [.nan, -1, -2], old: [-1, -1, -2], advantages: [1, 5, 1])
    #expect(try broken.weighed(by: makeObjective()).weights[0].isNaN)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let parameters = KLCovObjective.manual.parameters
    #expect(parameters.map(\.name) == ["share", "penalty"])
    #expect(parameters.map(\.defaultValue) == [.number(2e-4), .number(1)])
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective() is any SurveyingObjective)
    let registrar = PluginRegistrar()
    fulcrumPluginKLCov(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "kl-cov")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["kl-cov"])
  }

  @Test func `impossible requests are refused in sentences`() throws {
    let none = #expect(throws: FulcrumError.self) { try makeObjective(["share": .number(0)]) }
    #expect(
      none?.description == """
        objective.share: expected a number above 0, got 0.0
          hint: at least one token of a mini-batch is chosen; for none leave this objective out
        """)
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let missing = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      missing?.description == """
        kl-cov: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
