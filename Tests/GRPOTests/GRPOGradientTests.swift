import Foundation
import FulcrumKernel
import GRPOPlugin
import Testing

/// A token on one branch of the objective, away from its edges.
struct BranchCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let current: Float
  let old: Float
  let reference: Float
  let advantage: Float
  /// Whether the policy part of the weight is zero, and whether the KL part is.
  let isClipped: Bool
  let isFlat: Bool

  init(
    _ name: String, current: Float, old: Float, reference: Float, advantage: Float,
    isClipped: Bool = false, isFlat: Bool = false
  ) {
    testDescription = name
    self.current = current
    self.old = old
    self.reference = reference
    self.advantage = advantage
    self.isClipped = isClipped
    self.isFlat = isFlat
  }

  static let all = [
    // Log ratios: log 0.8 = -0.223, log 1.24 = 0.215, log 10 = 2.303.
    BranchCase("inside, A > 0", current: -1, old: -1.1, reference: -1.5, advantage: 1.5),
    BranchCase("inside, A < 0", current: -1, old: -0.9, reference: -0.4, advantage: -1.5),
    BranchCase("A = 0", current: -1, old: -2, reference: -1.5, advantage: 0),
    BranchCase(
      "above, A > 0", current: -1, old: -1.4, reference: -1.5, advantage: 2, isClipped: true),
    BranchCase("below, A > 0", current: -1, old: -0.5, reference: -1.5, advantage: 2),
    BranchCase("above, A < 0", current: -1, old: -2, reference: -0.5, advantage: -2),
    BranchCase(
      "below, A < 0", current: -1, old: -0.5, reference: -0.5, advantage: -2, isClipped: true),
    BranchCase(
      "dual, A < 0", current: -1, old: -4, reference: -1.5, advantage: -2, isClipped: true),
    BranchCase(
      "KL at its ceiling, x < 5", current: -5, old: -5.1, reference: -1, advantage: 1,
      isFlat: true),
    BranchCase(
      "KL clamped above", current: -8, old: -8.1, reference: -1, advantage: 1, isFlat: true),
    BranchCase(
      "KL clamped below", current: -1, old: -1.1, reference: -8, advantage: -1, isFlat: true),
    BranchCase(
      "all flat", current: -1, old: -4, reference: -8, advantage: -1, isClipped: true,
      isFlat: true),
  ]
}

@Suite struct GRPOGradientTests {
  private let given: [String: ParameterValue] = ["beta": .number(0.5), "dual-clip": .number(10)]
  private let oracle = LossOracle(dual: 10, beta: 0.5)

  @Test(arguments: BranchCase.all)
  func `the weight is minus the slope of the loss`(token: BranchCase) throws {
    let batch = batch(of: token, current: token.current)
    let result = try batch.weighed(by: makeObjective(given))
    let slope = oracle.slope(
      Double(token.current), old: Double(token.old), reference: Double(token.reference),
      advantage: Double(token.advantage))
    let loss = oracle.loss(
      Double(token.current), old: Double(token.old), reference: Double(token.reference),
      advantage: Double(token.advantage))
    // N = 2; losses here are below 40. One rounding to Float (2^-24) and the oracle's own error
    // of about 1e-9: 1e-6 relative covers both.
    #expect(abs(Double(result.weights[0]) - slope / 2) <= 1e-6 * max(1, abs(slope)))
    #expect(abs(Double(result.losses[0]) - loss / 2) <= 1e-6 * max(1, abs(loss)))
    // The case must be where its name says.
    let ratio = exp(Double(token.current) - Double(token.old))
    let policyPart = token.isClipped ? 0 : ratio * Double(token.advantage)
    if token.isFlat { #expect(abs(slope - policyPart) < 1e-6) }
    if token.isClipped && token.isFlat { #expect(result.weights[0] == 0) }
    if !token.isFlat { #expect(abs(slope - policyPart) > 0.1) }
  }

  @Test(arguments: BranchCase.all)
  func `the plugin's own losses have the weight as slope`(token: BranchCase) throws {
    // The step is a power of two, but current ± step still rounds: divide by what was made of it.
    let step: Float = 0x1p-7
    let objective = try makeObjective(given)
    let above = token.current + step
    let below = token.current - step
    let weight = try batch(of: token, current: token.current).weighed(by: objective).weights[0]
    let high = try batch(of: token, current: above).weighed(by: objective).losses[0]
    let low = try batch(of: token, current: below).weighed(by: objective).losses[0]
    let slope = -(Double(high) - Double(low)) / (Double(above) - Double(below))
    // Truncation: step²/6 = 1e-5 of the third derivative, which is at most that of r A or
    // β e^x. Rounding: 2^-24 of the loss over the step, 8e-6 of a loss up to 3 a half: 2.4e-5.
    let size = abs(Double(weight)) + abs(Double(high)) + 1
    #expect(abs(slope - Double(weight)) <= 3e-5 * size)
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `random batches agree with differences of the oracle`(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    let count = 300
    let isClamped = seed.isMultiple(of: 2)
    let oracle = LossOracle(
      low: 0.3, high: 0.5, dual: 4, beta: 0.05, clampsDivergence: isClamped)
    let objective = try makeObjective([
      "clip-low": .number(0.3), "clip-high": .number(0.5), "dual-clip": .number(4),
      "beta": .number(0.05), "kl-clamp": .flag(isClamped),
    ])
    let old = (0..<count).map { _ in random.number(in: -6 ... -1) }
    let batch = MiniBatch(
      current: old.map { $0 + random.number(in: -1...2) }, old: old,
      reference: old.map { $0 + random.number(in: -7...7) },
      advantages: (0..<count).map { _ in random.number(in: -2.5...2.5) })
    let result = try batch.weighed(by: objective)
    var expectedDivergence = 0.0
    for token in 0..<count {
      let current = Double(batch.current[token])
      let old = Double(batch.old[token])
      let reference = Double(batch.reference[token])
      let advantage = Double(batch.advantages[token])
      let loss = oracle.loss(current, old: old, reference: reference, advantage: advantage)
      let slope = oracle.slope(current, old: old, reference: reference, advantage: advantage)
      expectedDivergence += oracle.divergence(current, reference: reference) / Double(count)
      // One rounding to Float, and 1e-9 for the differences (losses below 200, step 1e-6).
      // A token within 1e-6 of a corner would fail by more; no token of these seeds is.
      let share = 1 / Double(count)
      #expect(
        abs(Double(result.weights[token]) - slope * share) <= share * 1e-6 * max(1, abs(slope)),
        "seed \(seed), token \(token)")
      #expect(
        abs(Double(result.losses[token]) - loss * share) <= share * 1e-6 * max(1, abs(loss)),
        "seed \(seed), token \(token)")
    }
    let kl = try #require(result.metrics.mean("kl"))
    // Double sums of 300 values in another order.
    #expect(abs(kl - expectedDivergence) <= 1e-12 * max(1, expectedDivergence), "seed \(seed)")
    // All branches must occur, or the agreement proves little.
    for name in ["low", "high", "dual"] {
      let share = try #require(result.metrics.mean("clip_ratio/\(name)_mean"))
      #expect(share > 0.02, "seed \(seed), \(name)")
    }
  }

  /// The token, and beside it one that has weight zero: N = 2.
  private func batch(of token: BranchCase, current: Float) -> MiniBatch {
    MiniBatch(
      current: [current, -1], old: [token.old, -1], reference: [token.reference, -1],
      advantages: [token.advantage, 0])
  }
}
