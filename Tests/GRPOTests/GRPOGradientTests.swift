import Foundation
import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

/// A token on one branch of the objective, away from its edges.
struct BranchCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let current: Float
  let old: Float
  let advantage: Float
  /// Whether the weight is zero.
  let isClipped: Bool

  init(_ name: String, current: Float, old: Float, advantage: Float, isClipped: Bool = false) {
    testDescription = name
    self.current = current
    self.old = old
    self.advantage = advantage
    self.isClipped = isClipped
  }

  static let all = [
    // Log ratios: log 0.8 = -0.223, log 1.24 = 0.215, log 10 = 2.303.
    BranchCase("inside, A > 0", current: -1, old: -1.1, advantage: 1.5),
    BranchCase("inside, A < 0", current: -1, old: -0.9, advantage: -1.5),
    BranchCase("above, A > 0", current: -1, old: -1.4, advantage: 2, isClipped: true),
    BranchCase("below, A > 0", current: -1, old: -0.5, advantage: 2),
    BranchCase("above, A < 0", current: -1, old: -2, advantage: -2),
    BranchCase("below, A < 0", current: -1, old: -0.5, advantage: -2, isClipped: true),
    BranchCase("dual, A < 0", current: -1, old: -4, advantage: -2, isClipped: true),
    BranchCase("A = 0", current: -1, old: -2, advantage: 0, isClipped: true),
  ]
}

@Suite struct GRPOGradientTests {
  @Test(arguments: BranchCase.all)
  func `the weight is minus the slope of the loss`(token: BranchCase) throws {
    let batch = batch(of: token, current: token.current)
    let oracle = LossOracle(dual: 10)
    let result = try batch.weighed(by: makeObjective(["dual-clip": .number(10)]))
    let slope = oracle.slopes(batch)[0]
    let here = batch.current.map(Double.init)
    let loss = oracle.losses(here, frozen: here, batch: batch)[0]
    // Losses here are below 20. One rounding to Float (2^-24) and the oracle's own error of about
    // 1e-9: 1e-6 relative covers both.
    #expect(abs(Double(result.weights[0]) - slope) <= 1e-6 * max(1, abs(slope)))
    #expect(abs(Double(result.losses[0]) - loss) <= 1e-6 * max(1, abs(loss)))
    // The case must be where its name says.
    #expect((abs(slope) < 1e-6) == token.isClipped)
    if token.isClipped { #expect(result.weights[0] == 0) }
  }

  @Test(arguments: BranchCase.all)
  func `the plugin's own losses have the weight as slope`(token: BranchCase) throws {
    // The step is a power of two, but current ± step still rounds: divide by what was made of it.
    let step: Float = 0x1p-7
    let objective = try makeObjective(["dual-clip": .number(10)])
    let above = token.current + step
    let below = token.current - step
    let weight = try batch(of: token, current: token.current).weighed(by: objective).weights[0]
    let high = try batch(of: token, current: above).weighed(by: objective).losses[0]
    let low = try batch(of: token, current: below).weighed(by: objective).losses[0]
    let slope = -(Double(high) - Double(low)) / (Double(above) - Double(below))
    // Truncation: step²/6 = 1e-5 of the third derivative, which is at most that of r A. Rounding:
    // 2^-24 of the loss over the step, 8e-6 of a loss up to 3 a half: 2.4e-5.
    let size = abs(Double(weight)) + abs(Double(high)) + 1
    #expect(abs(slope - Double(weight)) <= 3e-5 * size)
  }

  @Test(arguments: ratioLevels, Aggregation.allCases)
  func `random batches agree with differences of the oracle`(
    level: String, aggregation: Aggregation
  ) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      // A sequence's ratio is a mean, nearer to 1: it meets the clips with a wider drift.
      var batch = MiniBatch.random(
        seed: seed, drift: level == "token" ? -1...2 : -1.5...2.5,
        lengths: [7, 0, 3, 1, 2, 9, 1, 1, 4, 2, 1, 1])
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      for (dual, alpha) in [(0, 0), (1.6, 0), (0, 0.3), (1.6, 1)] as [(Double, Double)] {
        let oracle = LossOracle(low: 0.1, high: 0.2, dual: dual, alpha: alpha, level: level)
        let result = try batch.weighed(
          by: makeObjective([
            "importance-ratio": .text(level), "clip-low": .number(0.1), "clip-high": .number(0.2),
            "dual-clip": .number(dual), "alpha": .number(alpha),
          ]))
        let here = batch.current.map(Double.init)
        expectClose(
          result.weights, oracle.slopes(batch), "seed \(seed), dual \(dual), alpha \(alpha)")
        expectClose(
          result.losses, oracle.losses(here, frozen: here, batch: batch),
          "seed \(seed), dual \(dual), alpha \(alpha)")
        // All branches must occur, or the agreement proves little.
        for name in ["low", "high"] + (dual > 0 ? ["dual"] : []) {
          let share = try #require(result.metrics.mean("clip_ratio/\(name)_mean"))
          #expect(share > 0.02 && share < 0.5, "seed \(seed), \(name): \(share)")
        }
      }
    }
  }

  /// The token, and beside it one that has weight zero: N = 2.
  private func batch(of token: BranchCase, current: Float) -> MiniBatch {
    MiniBatch(current: [current, -1], old: [token.old, -1], advantages: [token.advantage, 0])
  }

  /// One rounding to Float, and 1e-9 for the differences (losses below 50, step 1e-6): 1e-6 of the
  /// value or of 1. A token within 1e-6 of a corner would fail by more; none of these seeds is.
  private func expectClose(_ got: [Float], _ expected: [Double], _ what: String) {
    #expect(got.count == expected.count)
    for (token, (a, b)) in zip(got, expected).enumerated() {
      #expect(abs(Double(a) - b) <= 1e-6 * max(1, abs(b)), "\(what), token \(token)")
    }
  }
}
