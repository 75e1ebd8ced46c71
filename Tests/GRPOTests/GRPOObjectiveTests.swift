import Foundation
import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

@Suite struct GRPOObjectiveTests {
  @Test func `on policy the weight is the advantage over the token count`() throws {
    let batch = MiniBatch(
      current: [-1, -2, -3, -4], old: [-1, -2, -3, -4], advantages: [2, -1, 0, 0.5])
    let result = try batch.weighed(by: makeObjective())
    // r = 1 exactly, N = 4.
    #expect(result.weights == [0.5, -0.25, 0, 0.125])
    #expect(result.losses == [-0.5, 0.25, 0, -0.125])
  }

  @Test func `clipping stops the push in the advantage's direction only`() throws {
    // r = e, e, 1/e, 1/e with A = 1, -1, 1, -1; N = 4.
    let batch = MiniBatch(
      current: [-1, -1, -2, -2], old: [-2, -2, -1, -1], advantages: [1, -1, 1, -1])
    let result = try batch.weighed(by: makeObjective())
    let e = exp(1.0)
    let weights: [Double] = [0, -e / 4, 1 / e / 4, 0]
    let losses: [Double] = [-1.24 / 4, e / 4, -1 / e / 4, 0.8 / 4]
    for token in 0..<4 {
      // One rounding to Float of values below 1.
      #expect(abs(Double(result.weights[token]) - weights[token]) <= 0x1p-24)
      #expect(abs(Double(result.losses[token]) - losses[token]) <= 0x1p-24)
    }
  }

  @Test func `a sixteenfold ratio is capped by the dual clip`() throws {
    // r = e^(Float(log 16)) = 16 (1 + 1e-7), A = -1 and N = 2.
    let batch = MiniBatch(
      current: [0, 0], old: [-Float(log(16.0)), 0], advantages: [-1, 0])
    let free = try batch.weighed(by: makeObjective())
    #expect(abs(free.weights[0] + 8) < 2e-6)
    #expect(abs(free.losses[0] - 8) < 2e-6)
    let capped = try batch.weighed(by: makeObjective(["dual-clip": .number(10)]))
    #expect(capped.weights == [0, 0])
    #expect(capped.losses == [5, 0])
  }

  @Test func `the dual clip leaves positive advantages alone`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [-9, -1], advantages: [1, 1])
    let dual = try batch.weighed(by: makeObjective(["dual-clip": .number(10)]))
    let free = try batch.weighed(by: makeObjective())
    #expect(dual.weights == free.weights)
    #expect(dual.losses == free.losses)
  }

  @Test(arguments: ratioLevels)
  func `where branches tie the gradient flows`(level: String) throws {
    // r = 1 exactly lies on both edges of a clip of width zero.
    let batch = MiniBatch(
      current: [-1, -1], old: [-1, -1], advantages: [1, -1], lengths: [1, 1])
    let result = try batch.weighed(
      by: makeObjective([
        "importance-ratio": .text(level), "clip-low": .number(0), "clip-high": .number(0),
      ]))
    #expect(result.weights == [0.5, -0.5])
  }

  @Test func `a token counts by its sequence's share`() throws {
    var batch = MiniBatch(
      current: [-1, -1, -1], old: [-1, -1, -1], advantages: [1, -2, 1], lengths: [1, 2])
    // Mean over two sequences of their token means: 1/2 and 1/4.
    batch.shares = [0.5, 0.25]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0.5, -0.5, 0.25])
    #expect(result.losses == [-0.5, 0.5, -0.25])
  }

  @Test func `without shares given the token mean is exact`() throws {
    // The kernel's plain input, as a host of interface 1.0 makes it.
    let batch = MiniBatch.random(seed: 8)
    let objective = try makeObjective()
    let expected = try batch.weighed(by: objective)
    var weights = [Float](repeating: 0, count: batch.current.count)
    var losses = weights
    let zeros = weights
    let input = ObjectiveInput(
      scores: TokenScores(
        logProbabilities: batch.current.span, entropies: zeros.span, levers: zeros.span),
      advantages: batch.advantages.span, oldLogProbabilities: batch.old.span,
      referenceLogProbabilities: Span(), offsets: batch.offsets.span,
      minibatchTokenCount: batch.current.count, minibatchSequenceCount: batch.sequenceCount)
    var weightSpan = weights.mutableSpan
    var lossSpan = losses.mutableSpan
    var metrics = MetricSums()
    try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
    #expect(weights == expected.weights)
    #expect(losses == expected.losses)
  }

  @Test func `slices give the bits of the whole`() throws {
    for level in ratioLevels {
      let batch = MiniBatch.random(seed: 5)
      let objective = try makeObjective([
        "importance-ratio": .text(level), "dual-clip": .number(3), "alpha": .number(0.3),
      ])
      let whole = try batch.weighed(by: objective)
      for cut in MiniBatch.cuts {
        let parts = try batch.weighed(by: objective, slices: cut)
        #expect(parts.weights == whole.weights)
        #expect(parts.losses == whole.losses)
        #expect(Set(parts.metrics.entries.keys) == Set(whole.metrics.entries.keys))
        for name in whole.metrics.entries.keys {
          let a = try #require(parts.metrics.mean(name))
          let b = try #require(whole.metrics.mean(name))
          // Sums of 50 Doubles in another order.
          #expect(abs(a - b) <= 1e-12 * max(1, abs(b)), "\(name)")
        }
      }
    }
  }

  @Test func `metrics count the clipped tokens`() throws {
    // r = e, 1/e, e, 1/e, e^3 with A = 1, -1, -1, 1, -1: high, low, free, free, dual.
    let batch = MiniBatch(
      current: [-1, -2, -1, -2, -1], old: [-2, -1, -2, -1, -4], advantages: [1, -1, -1, 1, -1])
    let metrics = try batch.weighed(by: makeObjective(["dual-clip": .number(10)])).metrics
    #expect(metrics.mean("clip_ratio/low_mean") == 0.2)
    #expect(metrics.mean("clip_ratio/high_mean") == 0.2)
    #expect(metrics.mean("clip_ratio/region_mean") == 0.4)
    #expect(metrics.mean("clip_ratio/dual_mean") == 0.2)
    // log ratios 1, -1, 1, -1, 3 sum to 3.
    #expect(metrics.mean("approx_kl") == -0.6)
    let ratio = try #require(metrics.mean("policy_ratio/mean"))
    // Five Double exponentials: their noise is below 1e-14.
    #expect(abs(ratio - (2 * exp(1.0) + 2 * exp(-1.0) + exp(3.0)) / 5) < 1e-13)
  }

  @Test func `without a dual clip its metric is absent`() throws {
    let batch = MiniBatch(current: [-1], old: [-1], advantages: [1])
    let metrics = try batch.weighed(by: makeObjective()).metrics
    #expect(
      metrics.entries.keys.sorted() == [
        "approx_kl", "clip_ratio/high_mean", "clip_ratio/low_mean", "clip_ratio/region_mean",
        "policy_ratio/mean",
      ])
  }
}
