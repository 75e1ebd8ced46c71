import FIPOPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> FIPOObjective {
  let parameters = try Parameters(given, for: FIPOObjective.manual.parameters, at: "objective")
  return try FIPOObjective(parameters, context: ComponentContext())
}

@Suite struct FIPOTests {
  /// A half-life of one token: γ = 1/2. Log ratios 0, 0.125 and 0.0625, so
  /// F = 0.0625, then 0.125 + 0.03125 = 0.15625, then 0.078125, from the last to the first.
  private let batch = MiniBatch(
    current: [-1, -1, -1], old: [-1, -1.125, -1.0625], advantages: [1, 1, 1])
  private let wide: [String: ParameterValue] = [
    "half-life": .number(1), "influence-clip": .number(1),
  ]

  @Test func `later tokens raise a token's weight`() throws {
    let result = try batch.weighed(by: makeObjective(wide))
    // w = e^F r / 3 and r = e^log r.
    let expected = [exp(0.078125), exp(0.15625 + 0.125), exp(0.0625 + 0.0625)].map { $0 / 3 }
    for (got, expected) in zip(result.weights, expected) {
      // One rounding to Float of values below 1.
      #expect(abs(Double(got) - expected) <= 0x1p-24)
    }
    // Losses are -w log π, and log π is -1.
    #expect(result.losses == result.weights)
    let mean = (exp(0.078125) + exp(0.15625) + exp(0.0625)) / 3
    #expect(abs(try #require(result.metrics.mean("fipo/influence_mean")) - mean) <= 1e-15)
    #expect(result.metrics.mean("fipo/left_out_mean") == 0)
  }

  @Test func `the future ends with the sequence`() throws {
    var batch = batch
    batch.offsets = [0, 1, 3]
    let result = try batch.weighed(by: makeObjective(wide))
    #expect(result.weights[0] == Float(1.0 / 3))
    #expect(abs(Double(result.weights[1]) - exp(0.28125) / 3) <= 0x1p-24)
  }

  @Test func `the influence is held between 1 and 1 plus the clip, or both ways`() throws {
    // F = log r = ±0.5, far outside of 0.2.
    for (old, once, both) in [(-1.5, 1.2, 1.2), (-0.5, 1, 0.8)] as [(Float, Double, Double)] {
      // A > 0 where r is below 1, A < 0 where it is above, so that the surrogate clips neither.
      let advantage: Float = old < -1 ? -1 : 1
      let batch = MiniBatch(current: [-1], old: [old], advantages: [advantage])
      let push = Double(advantage) * exp(-1 - Double(old))
      for (flag, factor) in [(false, once), (true, both)] {
        let result = try batch.weighed(by: makeObjective(["both-ways": .flag(flag)]))
        // One rounding to Float of values below 2.
        #expect(abs(Double(result.weights[0]) - factor * push) <= 0x1p-24)
      }
    }
  }

  @Test func `without a clip the influence ends at 10`() throws {
    // F of the first: 0 + 2.5 + 2.5 with γ near 1; e^5 is above 10. A < 0: no upper clip of r.
    let batch = MiniBatch(
      current: [-1, -1, -1], old: [-1, -3.5, -3.5], advantages: [-1, 0, 0])
    let result = try batch.weighed(
      by: makeObjective([
        "influence-clip": .number(0), "half-life": .number(1e6), "dual-clip": .number(20),
      ]))
    #expect(result.weights == [Float(-10.0 / 3), 0, 0])
  }

  @Test func `a wrong token that is far above keeps at most its own weight`() throws {
    // r = e: F = 1, held at 1.2; above the safety ratio of 2, at 1.
    let batch = MiniBatch(current: [-1], old: [-2], advantages: [-1])
    let capped = try batch.weighed(by: makeObjective(["safety-ratio": .number(2)]))
    #expect(abs(Double(capped.weights[0]) + exp(1.0)) <= 0x1p-23)
    let free = try batch.weighed(by: makeObjective())
    #expect(abs(Double(free.weights[0]) + 1.2 * exp(1.0)) <= 0x1p-22)
    // A > 0 has no such cap; the surrogate's clip is put far.
    var right = batch
    right.advantages = [1]
    let pushed = try right.weighed(
      by: makeObjective(["safety-ratio": .number(2), "clip-high": .number(100)]))
    #expect(abs(Double(pushed.weights[0]) - 1.2 * exp(1.0)) <= 0x1p-22)
  }

  @Test func `a token above the dual clip counts in no future`() throws {
    // r = e^3 > 10 at the second token, whatever A is.
    let batch = MiniBatch(current: [-1, -1], old: [-1, -4], advantages: [1, 1])
    let result = try batch.weighed(by: makeObjective(["influence-clip": .number(1)]))
    #expect(result.weights == [0.5, 0])
    let counted = try batch.weighed(
      by: makeObjective(["influence-clip": .number(1), "dual-clip": .number(0)]))
    #expect(counted.weights == [1, 0])
  }

  @Test func `two tokens above the dual clip take their sequence out`() throws {
    let batch = MiniBatch(
      current: [-1, -1, -1, -1], old: [-1, -4, -4, -1], advantages: [-1, -1, -1, -1],
      lengths: [3, 1])
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0, 0, 0, -0.25])
    #expect(result.losses == [0, 0, 0, -0.25])
    #expect(result.metrics.mean("fipo/left_out_mean") == 0.75)
    #expect(result.metrics.mean("clip_ratio/dual_mean") == 0.5)
    let kept = try batch.weighed(by: makeObjective(["leave-out": .flag(false)]))
    #expect(kept.weights == [-0.25, 0, 0, -0.25])
    // One such token is not enough, and with A > 0 there is none.
    var one = batch
    one.old[2] = -1
    #expect(try one.weighed(by: makeObjective()).weights == [-0.25, 0, -0.25, -0.25])
    var right = batch
    right.advantages = [1, 1, 1, 1]
    #expect(try right.weighed(by: makeObjective()).weights == [0.25, 0, 0, 0.25])
  }

  @Test func `on policy it is the surrogate`() throws {
    let batch = MiniBatch(current: [-1, -2], old: [-1, -2], advantages: [3, -1])
    #expect(try batch.weighed(by: makeObjective()).weights == [1.5, -0.5])
  }

  @Test(arguments: Aggregation.allCases)
  func `with the influence held, weights are slopes of the surrogate`(aggregation: Aggregation)
    throws
  {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(
        by: makeObjective([
          "half-life": .number(3), "influence-clip": .number(0.5), "both-ways": .flag(true),
          "dual-clip": .number(3), "safety-ratio": .number(2), "leave-out": .flag(false),
        ]))
      let here = batch.current.map(Double.init)
      // The sum as the paper writes it, for each token anew.
      var influences = [Double](repeating: 1, count: here.count)
      for tokens in batch.sequences {
        for token in tokens {
          let future = (token..<tokens.upperBound).reduce(0.0) { sum, later in
            let logRatio = here[later] - Double(batch.old[later])
            return exp(logRatio) > 3 ? sum : sum + pow(2, -Double(later - token) / 3) * logRatio
          }
          influences[token] = min(max(exp(future), 0.5), 1.5)
          if batch.advantages[token] < 0, exp(here[token] - Double(batch.old[token])) > 2 {
            influences[token] = min(max(influences[token], 0.8), 1)
          }
        }
      }
      let shares = batch.tokenShares
      func loss(_ current: [Double]) -> Double {
        current.indices.reduce(0) { sum, token in
          let ratio = exp(current[token] - Double(batch.old[token]))
          let advantage = Double(batch.advantages[token]) * influences[token]
          let clipped = max(-advantage * ratio, -advantage * min(max(ratio, 0.8), 1.28))
          return sum + shares[token] * (advantage < 0 ? min(clipped, -3 * advantage) : clipped)
        }
      }
      let slopes = negativeSlopes(of: loss, at: here)
      for token in here.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-6, "seed \(seed)")
      }
    }
  }
}
