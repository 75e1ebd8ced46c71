import Foundation
import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

@Suite struct GRPOSequenceRatioTests {
  /// Two tokens whose log ratios -1 and 3 have mean 1, so that s = e, and one token apart.
  private func batch(advantages: [Float]) -> MiniBatch {
    MiniBatch(
      current: [-2, -1, -1], old: [-1, -4, -1], advantages: advantages + [0], lengths: [2, 1])
  }

  @Test func `the sequence's ratio is the geometric mean of its tokens'`() throws {
    let batch = batch(advantages: [-1, -1])
    for level in ["sequence", "sequence-token"] {
      let result = try batch.weighed(by: makeObjective(["importance-ratio": .text(level)]))
      // s A share = -e / 3 for either token; one rounding to Float of a value below 1.
      for token in 0..<2 {
        #expect(abs(Double(result.weights[token]) + exp(1.0) / 3) <= 0x1p-24, "\(level)")
        #expect(abs(Double(result.losses[token]) - exp(1.0) / 3) <= 0x1p-24, "\(level)")
      }
      // The mean over the three tokens of e, e and 1.
      let ratio = try #require(result.metrics.mean("policy_ratio/mean"))
      #expect(abs(ratio - (2 * exp(1.0) + 1) / 3) < 1e-14)
      // Still each token's own: -(-1 + 3 + 0) / 3.
      #expect(result.metrics.mean("approx_kl") == -2.0 / 3)
    }
  }

  @Test func `a sequence above its clip gets nothing where its advantage is positive`() throws {
    let batch = batch(advantages: [1, 1])
    for level in ["sequence", "sequence-token"] {
      let result = try batch.weighed(by: makeObjective(["importance-ratio": .text(level)]))
      #expect(result.weights == [0, 0, 0])
      // -(1 + 0.24) / 3, rounded once.
      #expect(result.losses == [Float(-1.24 / 3), Float(-1.24 / 3), 0])
    }
    // Each by itself: r = 1/e flows, r = e^3 is clipped.
    let own = try batch.weighed(by: makeObjective())
    #expect(own.weights[0] > 0)
    #expect(own.weights[1] == 0)
  }

  @Test func `with advantages of a token's own the two sequence forms differ`() throws {
    // A = -1 and -3: both push s A; their mean is -2 e.
    let batch = batch(advantages: [-1, -3])
    let shared = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence")]))
    let own = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence-token")]))
    let e = exp(1.0)
    // share = 1/3; one rounding to Float of values below 4.
    for (got, expected) in zip(shared.weights, [-2 * e / 3, -2 * e / 3, 0]) {
      #expect(abs(Double(got) - expected) <= 0x1p-22)
    }
    for (got, expected) in zip(own.weights, [-e / 3, -3 * e / 3, 0]) {
      #expect(abs(Double(got) - expected) <= 0x1p-22)
    }
    // They value the sequence the same.
    #expect(shared.losses == own.losses)
  }

  @Test func `a token that is clipped still moves its sequence's ratio`() throws {
    // s = e is above the clip: A = 1 is clipped, A = -1 is not. Either token moves s, so each gets
    // half of -e / 3; on its own the first would get nothing.
    let batch = batch(advantages: [1, -1])
    let shared = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence")]))
    let own = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence-token")]))
    #expect(abs(Double(shared.weights[0]) + exp(1.0) / 6) <= 0x1p-24)
    #expect(shared.weights[0] == shared.weights[1])
    #expect(own.weights[0] == 0)
    #expect(abs(Double(own.weights[1]) + exp(1.0) / 3) <= 0x1p-24)
  }

  @Test func `with one advantage a sequence the two forms agree`() throws {
    var batch = MiniBatch.random(seed: 21, drift: 0...1)
    for (index, tokens) in batch.sequences.enumerated() {
      for token in tokens { batch.advantages[token] = index.isMultiple(of: 2) ? 1.25 : -0.75 }
    }
    let shared = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence")]))
    let own = try batch.weighed(by: makeObjective(["importance-ratio": .text("sequence-token")]))
    for (a, b) in zip(shared.weights, own.weights) {
      // The mean of equal Doubles is off by some of their last bits: one Float neighbour at most.
      #expect(abs(a - b) <= a.ulp)
    }
    #expect(shared.weights.contains { $0 != 0 })
    #expect(shared.weights.contains(0))
  }
}
