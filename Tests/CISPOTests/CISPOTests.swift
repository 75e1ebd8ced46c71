import CISPOPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> CISPOObjective {
  let parameters = try Parameters(given, for: CISPOObjective.manual.parameters, at: "objective")
  return try CISPOObjective(parameters, context: ComponentContext())
}

@Suite struct CISPOTests {
  @Test func `the importance weight is capped and its token still counts`() throws {
    // r = e^3 = 20.1 is capped at 1 + 4 = 5; N = 2, so w = 5 · 2 / 2 and the loss is -5 · (-1).
    let batch = MiniBatch(current: [-1, -1], old: [-4, -1], advantages: [2, 0])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [5, 0])
    #expect(result.losses == [5, 0])
  }

  @Test func `by default a small ratio is kept and a lower bound can be set`() throws {
    // r = e^-2 = 0.135 of one token, A = -3.
    let batch = MiniBatch(current: [-3], old: [-1], advantages: [-3])
    let free = try batch.weighed(by: makeObjective())
    // One rounding to Float of values below 2.
    #expect(abs(Double(free.weights[0]) + 3 * exp(-2.0)) <= 0x1p-23)
    let bounded = try batch.weighed(by: makeObjective(["clip-low": .number(0.25)]))
    #expect(bounded.weights == [-2.25])
    #expect(bounded.losses == [-6.75])
    // A number above 1, as verl's examples have it, is no bound either.
    let loose = try batch.weighed(by: makeObjective(["clip-low": .number(10)]))
    #expect(loose.weights == free.weights)
  }

  @Test(arguments: Aggregation.allCases)
  func `the weight is minus the slope of the loss with the ratio held`(
    aggregation: Aggregation
  ) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed, drift: -1.5...1.5)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(
        by: makeObjective(["clip-low": .number(0.4), "clip-high": .number(0.7)]))
      // The paper's loss in Double: the factor is computed once and is not moved.
      let factors = batch.current.indices.map { token in
        let ratio = exp(Double(batch.current[token]) - Double(batch.old[token]))
        return ratio < 0.6 ? 0.6 : ratio > 1.7 ? 1.7 : ratio
      }
      let shares = batch.tokenShares
      func losses(_ current: [Double]) -> [Double] {
        current.indices.map {
          -shares[$0] * factors[$0] * Double(batch.advantages[$0]) * current[$0]
        }
      }
      let here = batch.current.map(Double.init)
      let slopes = negativeSlopes(of: { losses($0).reduce(0, +) }, at: here)
      for token in here.indices {
        // One rounding to Float and 1e-8 for the differences of a loss below 30.
        #expect(
          abs(Double(result.weights[token]) - slopes[token]) <= 1e-6 * max(1, abs(slopes[token])),
          "seed \(seed), token \(token)")
        let loss = losses(here)[token]
        #expect(abs(Double(result.losses[token]) - loss) <= 1e-6 * max(1, abs(loss)))
      }
      for name in ["low", "high"] {
        let share = try #require(result.metrics.mean("clip_ratio/\(name)_mean"))
        #expect(share > 0.1 && share < 0.5, "seed \(seed), \(name): \(share)")
      }
    }
  }

  @Test func `metrics count what is capped and what TRL counts of it`() throws {
    // r = e^3, e^3, e^-3, 1 with A = 1, -1, 1, 1: high (and TRL's), high, low, free.
    let batch = MiniBatch(
      current: [-1, -1, -4, -1], old: [-4, -4, -1, -1], advantages: [1, -1, 1, 1])
    let metrics = try batch.weighed(by: makeObjective(["clip-low": .number(0.5)])).metrics
    #expect(metrics.mean("clip_ratio/high_mean") == 0.5)
    #expect(metrics.mean("clip_ratio/low_mean") == 0.25)
    #expect(metrics.mean("clip_ratio/region_mean") == 0.75)
    #expect(metrics.mean("cispo_clip_ratio") == 0.25)
    #expect(metrics.mean("approx_kl") == -0.75)
    #expect(
      metrics.entries.keys.sorted() == [
        "approx_kl", "cispo_clip_ratio", "clip_ratio/high_mean", "clip_ratio/low_mean",
        "clip_ratio/region_mean", "policy_ratio/mean",
      ])
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 7)
    let whole = try batch.weighed(by: makeObjective())
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: makeObjective(), slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2])
    // With the widest bound that a configuration can have.
    let result = try far.weighed(by: makeObjective(["clip-high": .number(1000)]))
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, 1, .nan])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `a masked sequence gets zeros and is not in the metrics`() throws {
    var batch = MiniBatch(
      current: [.nan, -1], old: [-1, -1], advantages: [1, 1], lengths: [1, 1])
    batch.shares = [0, 1]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0, 1])
    #expect(result.losses == [0, 1])
    #expect(result.metrics.mean("policy_ratio/mean") == 1)
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        cispo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    #expect(CISPOObjective.manual.parameters.map(\.name) == ["clip-low", "clip-high"])
    #expect(CISPOObjective.manual.parameters.map(\.defaultValue) == [.number(1), .number(4)])
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    let registrar = PluginRegistrar()
    fulcrumPluginCISPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "cispo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["cispo"])
  }
}
