import Foundation
import FulcrumKernel
import GRPOPlugin
import Testing

private let noReference: [String: ParameterValue] = ["beta": .number(0)]

@Suite struct GRPOObjectiveTests {
  @Test func `on policy the weight is the advantage over the token count`() throws {
    let batch = MiniBatch(
      current: [-1, -2, -3, -4], old: [-1, -2, -3, -4], advantages: [2, -1, 0, 0.5])
    let result = try batch.weighed(by: makeObjective(noReference))
    // r = 1 exactly, N = 4.
    #expect(result.weights == [0.5, -0.25, 0, 0.125])
    #expect(result.losses == [-0.5, 0.25, 0, -0.125])
  }

  @Test func `clipping stops the push in the advantage's direction only`() throws {
    // r = e, e, 1/e, 1/e with A = 1, -1, 1, -1; N = 4.
    let batch = MiniBatch(
      current: [-1, -1, -2, -2], old: [-2, -2, -1, -1], advantages: [1, -1, 1, -1])
    let result = try batch.weighed(by: makeObjective(noReference))
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
    let free = try batch.weighed(by: makeObjective(noReference))
    #expect(abs(free.weights[0] + 8) < 2e-6)
    #expect(abs(free.losses[0] - 8) < 2e-6)
    let capped = try batch.weighed(
      by: makeObjective(["beta": .number(0), "dual-clip": .number(10)]))
    #expect(capped.weights == [0, 0])
    #expect(capped.losses == [5, 0])
  }

  @Test func `the dual clip leaves positive advantages alone`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [-9, -1], advantages: [1, 1])
    let dual = try batch.weighed(
      by: makeObjective(["beta": .number(0), "dual-clip": .number(10)]))
    let free = try batch.weighed(by: makeObjective(noReference))
    #expect(dual.weights == free.weights)
    #expect(dual.losses == free.losses)
  }

  @Test func `where branches tie the gradient flows`() throws {
    // r = 1 exactly lies on both edges of a clip of width zero.
    let batch = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [1, -1])
    let result = try batch.weighed(
      by: makeObjective(["beta": .number(0), "clip-low": .number(0), "clip-high": .number(0)]))
    #expect(result.weights == [0.5, -0.5])
  }

  @Test func `the KL pulls towards the reference by beta times the ratio less one`() throws {
    // x = log 2 (to Float): k = 2 - log 2 - 1, pull 2 - 1; x = -log 2: k = 1/2 + log 2 - 1, -1/2.
    let logTwo = Float(log(2.0))
    let batch = MiniBatch(
      current: [-1 - logTwo, -1], old: [-1 - logTwo, -1], reference: [-1, -1 - logTwo],
      advantages: [0, 0])
    let result = try batch.weighed(by: makeObjective(["beta": .number(4)]))
    // N = 2. -1 - log 2 rounds at 2^-24 of 2, which e^x carries on: a few 1e-7.
    #expect(abs(result.weights[0] - 2) < 1e-6)
    #expect(abs(result.weights[1] + 1) < 1e-6)
    #expect(abs(Double(result.losses[0]) - 2 * (1 - log(2.0))) < 1e-6)
    #expect(abs(Double(result.losses[1]) - 2 * (log(2.0) - 0.5)) < 1e-6)
    let kl = try #require(result.metrics.mean("kl"))
    // Half of (1 - log 2) + (log 2 - 1/2) = 1/4.
    #expect(abs(kl - 0.25) < 1e-6)
  }

  @Test func `far from the reference the clamped KL is flat`() throws {
    // x = 6, 3, 2, -5, -6 with beta 5 and N = 5: k is held at 10 for the first two, since already
    // e^3 - 4 > 10; at x = -5, the clamp's edge, the gradient still flows.
    let reference: [Float] = [-1, -4, -5, -12, -13]
    let batch = MiniBatch(
      current: Array(repeating: -7, count: 5), old: Array(repeating: -7, count: 5),
      reference: reference, advantages: Array(repeating: 0, count: 5))
    let clamped = try batch.weighed(by: makeObjective(["beta": .number(5)]))
    let edge = exp(-5.0)
    expectClose(clamped.weights, [0, 0, exp(2) - 1, edge - 1, 0])
    expectClose(clamped.losses, [10, 10, exp(2) - 3, edge + 4, edge + 4])
    let free = try batch.weighed(
      by: makeObjective(["beta": .number(5), "kl-clamp": .flag(false)]))
    let x: [Double] = [6, 3, 2, -5, -6]
    expectClose(free.weights, x.map { exp($0) - 1 })
    expectClose(free.losses, x.map { exp($0) - $0 - 1 })
  }

  @Test func `three slices give the bits of one`() throws {
    var random = TestRandom(seed: 5)
    let count = 60
    var batch = MiniBatch(
      current: (0..<count).map { _ in random.number(in: -4...0) },
      old: (0..<count).map { _ in random.number(in: -4...0) },
      reference: (0..<count).map { _ in random.number(in: -4...0) },
      advantages: (0..<count).map { _ in random.number(in: -2...2) })
    batch.offsets = [0, 7, 7, 20, 41, 60]
    let objective = try makeObjective(["beta": .number(0.1), "dual-clip": .number(3)])
    let whole = try batch.weighed(by: objective)
    let parts = try batch.weighed(by: objective, slices: [0..<1, 1..<3, 3..<5])
    #expect(parts.weights == whole.weights)
    #expect(parts.losses == whole.losses)
    #expect(Set(parts.metrics.entries.keys) == Set(whole.metrics.entries.keys))
    for name in whole.metrics.entries.keys {
      let a = try #require(parts.metrics.mean(name))
      let b = try #require(whole.metrics.mean(name))
      // Sums of 60 Doubles in another order.
      #expect(abs(a - b) <= 1e-12 * max(1, abs(b)), "\(name)")
    }
  }

  @Test func `metrics count the clipped tokens`() throws {
    // r = e, 1/e, e, 1/e, e^3 with A = 1, -1, -1, 1, -1: high, low, free, free, dual.
    let batch = MiniBatch(
      current: [-1, -2, -1, -2, -1], old: [-2, -1, -2, -1, -4], advantages: [1, -1, -1, 1, -1])
    let metrics = try batch.weighed(
      by: makeObjective(["beta": .number(0), "dual-clip": .number(10)])
    ).metrics
    #expect(metrics.mean("clip_ratio/low_mean") == 0.2)
    #expect(metrics.mean("clip_ratio/high_mean") == 0.2)
    #expect(metrics.mean("clip_ratio/region_mean") == 0.4)
    #expect(metrics.mean("clip_ratio/dual_mean") == 0.2)
    // log ratios 1, -1, 1, -1, 3 sum to 3.
    #expect(metrics.mean("approx_kl") == -0.6)
    let ratio = try #require(metrics.mean("policy_ratio/mean"))
    // Five Double exponentials: their noise is below 1e-14.
    #expect(abs(ratio - (2 * exp(1.0) + 2 * exp(-1.0) + exp(3.0)) / 5) < 1e-13)
    #expect(metrics.mean("kl") == nil)
  }

  @Test func `without a dual clip its metric is absent`() throws {
    let batch = MiniBatch(current: [-1], old: [-1], advantages: [1])
    let metrics = try batch.weighed(by: makeObjective(noReference)).metrics
    #expect(
      metrics.entries.keys.sorted() == [
        "approx_kl", "clip_ratio/high_mean", "clip_ratio/low_mean", "clip_ratio/region_mean",
        "policy_ratio/mean",
      ])
  }
}

/// Equal to six digits: one rounding to Float and a Float's noise in the log ratios.
private func expectClose(
  _ got: [Float], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(got.count == expected.count, sourceLocation: sourceLocation)
  for (a, b) in zip(got, expected) {
    #expect(abs(Double(a) - b) <= 1e-6 * max(1, abs(b)), sourceLocation: sourceLocation)
  }
}
