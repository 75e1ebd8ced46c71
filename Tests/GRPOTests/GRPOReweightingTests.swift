import Foundation
import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

@Suite struct GRPOReweightingTests {
  @Test func `alpha damps by the present probability and not by the old one`() throws {
    // pi = 1/2, pi_old = 1/4, alpha = 1/2: A = 2 becomes [1/4 + 1/2] 2 = 1.5. r = 2 is free where
    // A < 0.
    let half = Float(-log(2.0))
    let batch = MiniBatch(current: [half], old: [2 * half], advantages: [-2])
    let result = try batch.weighed(by: makeObjective(["alpha": .number(0.5)]))
    // log 1/2 rounds at 2^-25 and its exponentials carry that on: a few 1e-8 of 3.
    #expect(abs(result.weights[0] + 3) < 5e-7)
    #expect(abs(result.losses[0] - 3) < 5e-7)
  }

  @Test func `alpha zero changes no bit and alpha one leaves the probability`() throws {
    let batch = MiniBatch.random(seed: 4)
    let plain = try batch.weighed(by: makeObjective())
    let zero = try batch.weighed(by: makeObjective(["alpha": .number(0)]))
    #expect(zero.weights == plain.weights)
    let one = try batch.weighed(by: makeObjective(["alpha": .number(1)]))
    for token in batch.current.indices {
      let expected = Double(plain.weights[token]) * exp(Double(batch.current[token]))
      // Two roundings to Float.
      #expect(abs(Double(one.weights[token]) - expected) <= 0x1p-22 * abs(expected))
    }
  }

  @Test func `what is clipped does not depend on alpha`() throws {
    let batch = MiniBatch.random(seed: 6)
    let plain = try batch.weighed(by: makeObjective(["dual-clip": .number(2)]))
    let damped = try batch.weighed(
      by: makeObjective(["dual-clip": .number(2), "alpha": .number(0.7)]))
    #expect(plain.weights.map { $0 == 0 } == damped.weights.map { $0 == 0 })
    #expect(plain.metrics.entries.keys == damped.metrics.entries.keys)
    for name in plain.metrics.entries.keys {
      #expect(plain.metrics.mean(name) == damped.metrics.mean(name))
    }
  }
}
