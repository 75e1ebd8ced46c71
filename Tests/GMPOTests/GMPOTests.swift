import Foundation
import FulcrumKernel
import GMPOPlugin
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> GMPOObjective {
  let parameters = try Parameters(given, for: GMPOObjective.manual.parameters, at: "objective")
  return try GMPOObjective(parameters, context: ComponentContext())
}

@Suite struct GMPOTests {
  @Test func `a token beyond the bound counts as the bound and has no weight`() throws {
    // log r = 0.25 and 0.5, held at 0.4: x = 0.325. N = 2, so w = e^0.325 / 2 for the first alone.
    let up = MiniBatch(current: [-1, -1], old: [-1.25, -1.5], advantages: [1, 1])
    let result = try up.weighed(by: makeObjective())
    let ratio = exp(0.325)
    // One rounding to Float of values below 1.
    #expect(abs(Double(result.weights[0]) - ratio / 2) <= 0x1p-24)
    #expect(result.weights[1] == 0)
    #expect(result.losses.allSatisfy { abs(Double($0) + ratio / 2) <= 0x1p-24 })
    #expect(result.metrics.mean("clip_ratio/high_mean") == 0.5)
    #expect(result.metrics.mean("clip_ratio/low_mean") == 0)
    #expect(result.metrics.mean("approx_kl") == -0.375)
    // log r = -0.5, held at -0.4, and 0.75, which A < 0 does not hold: x = 0.175.
    let down = MiniBatch(current: [-2, -1], old: [-1.5, -1.75], advantages: [-1, -1])
    let other = try down.weighed(by: makeObjective())
    #expect(other.weights[0] == 0)
    #expect(abs(Double(other.weights[1]) + exp(0.175) / 2) <= 0x1p-24)
    #expect(other.metrics.mean("clip_ratio/low_mean") == 0.5)
  }

  @Test func `on the bound the gradient flows`() throws {
    let batch = MiniBatch(current: [-1, -2], old: [-1.5, -1.5], advantages: [1, 1])
    let bounds: [String: ParameterValue] = ["clip-low": .number(0.5), "clip-high": .number(0.5)]
    // x = (0.5 - 0.5) / 2 = 0, so that ρ = 1.
    #expect(try batch.weighed(by: makeObjective(bounds)).weights == [0.5, 0.5])
    var pushed = batch
    pushed.advantages = [-1, -1]
    #expect(try pushed.weighed(by: makeObjective(bounds)).weights == [-0.5, -0.5])
  }

  @Test func `a token without an advantage counts as unmoved`() throws {
    // x = (0 + 0.25) / 2, mean A = (0 + 2) / 2 = 1.
    let batch = MiniBatch(current: [-1, -1], old: [-4, -1.25], advantages: [0, 2])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights[0] == 0)
    #expect(abs(Double(result.weights[1]) - exp(0.125) / 2) <= 0x1p-24)
    #expect(result.losses[0] == 0)
    // All of A = 0: nothing at all.
    var none = batch
    none.advantages = [0, 0]
    let nothing = try none.weighed(by: makeObjective())
    #expect(nothing.weights == [0, 0])
    #expect(nothing.losses == [0, 0])
  }

  @Test func `on policy it is REINFORCE with the sequence's mean advantage`() throws {
    let batch = MiniBatch(
      current: [-1, -2, -3], old: [-1, -2, -3], advantages: [3, -1, 2], lengths: [2, 1])
    // Mean A = 1 and 2; N = 3.
    #expect(
      try batch.weighed(by: makeObjective()).weights == [
        Float(1.0 / 3), Float(1.0 / 3), Float(2.0 / 3),
      ]
    )
  }

  @Test func `empty and masked sequences get nothing`() throws {
    var batch = MiniBatch(
      current: [-1, -1], old: [-1, -9], advantages: [1, 1], lengths: [0, 1, 1])
    batch.shares = [0.25, 0.25, 0]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0.25, 0])
    #expect(result.losses == [-0.25, 0])
    #expect(result.metrics.mean("policy_ratio/mean") == 1)
  }

  @Test(arguments: Aggregation.allCases)
  func `random batches agree with differences of the oracle`(aggregation: Aggregation) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(
        by: makeObjective(["clip-low": .number(0.3), "clip-high": .number(0.6)]))
      // As verl writes it: the lesser of sgn A · log r, clipped and not, times sgn A.
      func loss(_ current: [Double]) -> Double {
        batch.sequences.enumerated().reduce(0) { sum, entry in
          let (index, tokens) = entry
          guard !tokens.isEmpty else { return sum }
          var mean = 0.0
          var advantages = 0.0
          for token in tokens {
            let advantage = Double(batch.advantages[token])
            let sign: Double = advantage > 0 ? 1 : -1
            let logRatio = current[token] - Double(batch.old[token])
            let clipped = min(max(logRatio, -0.3), 0.6)
            mean += sign * min(sign * logRatio, sign * clipped) / Double(tokens.count)
            advantages += advantage
          }
          return sum - batch.shares[index] * advantages * exp(mean)
        }
      }
      let here = batch.current.map(Double.init)
      let slopes = negativeSlopes(of: loss, at: here)
      for token in here.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-6, "seed \(seed)")
      }
      // 50 roundings of parts below 2.
      #expect(abs(result.loss - loss(here)) <= 1e-5, "seed \(seed)")
    }
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
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2],
      lengths: [1, 1, 1, 1])
    let result = try far.weighed(by: makeObjective())
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    // The mean is the sequence's, so all its tokens show it.
    let broken = MiniBatch(current: [.nan, -1], old: [-1, -1], advantages: [1, 5])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = GMPOObjective.manual
    #expect(manual.parameters.map(\.name) == ["clip-low", "clip-high"])
    #expect(manual.parameters.map(\.defaultValue) == [.number(0.4), .number(0.4)])
    #expect(manual.formula.hasPrefix("w = mean A · ρ"))
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try !makeObjective().isTokenwise)
    let registrar = PluginRegistrar()
    fulcrumPluginGMPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "gmpo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["gmpo"])
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        gmpo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
