import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

/// Methods of others that are this objective under a configuration.
@Suite struct ConfigurationTests {
  /// TEPO (arXiv 2510.09369): the sequence's geometric-mean ratio, a mean over tokens.
  @Test(arguments: ["sequence", "sequence-token"])
  func `TEPO is the sequence's ratio with a token mean`(level: String) throws {
    let lengths = [7, 0, 13, 1, 20, 9]
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed, drift: -0.6...0.6, lengths: lengths)
      let advantages: [Float] = [1, 0, -0.75, 2, 0.5, -1.5]
      batch.advantages = zip(advantages, lengths).flatMap { Array(repeating: $0, count: $1) }
      let objective = try makeObjective([
        "importance-ratio": .text(level), "clip-low": .number(0.1), "clip-high": .number(0.1),
      ])
      let result = try batch.weighed(by: objective)
      // J = 1/N Σ_i n_i min(s_i A_i, clip(s_i) A_i), and log π of a token moves s_i by s_i / n_i.
      func loss(_ current: [Double]) -> Double {
        zip(batch.sequences, advantages).reduce(0) { sum, entry in
          let (tokens, advantage) = entry
          guard !tokens.isEmpty else { return sum }
          let ratio = exp(
            tokens.reduce(0) { $0 + current[$1] - Double(batch.old[$1]) } / Double(tokens.count))
          let value = min(
            ratio * Double(advantage), min(max(ratio, 0.9), 1.1) * Double(advantage))
          return sum - value * Double(tokens.count) / 50
        }
      }
      let slopes = negativeSlopes(of: loss, at: batch.current.map(Double.init))
      for token in slopes.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-8, "seed \(seed)")
      }
    }
  }

  /// MiniRL (arXiv 2512.01374): π/μ as a constant, a mask by π/π_old.
  @Test func `MiniRL is the clipped ratio with the sampler's ratio in the advantage`() throws {
    // π/π_old = 1, 2 and 2; π_old/μ = 1/2, and rollout-correction has put it into A = ±1.
    let batch = MiniBatch(
      current: [-1, -1, -1],
      old: [-1, Float(-1 - 0.6931471805599453), Float(-1 - 0.6931471805599453)],
      advantages: [0.5, 0.5, -0.5])
    let weights = try batch.weighed(by: makeObjective()).weights
    // π/μ A = 1/2; 0, for A > 0 and the ratio is above the clip; -1, for A < 0. N = 3.
    #expect(weights[0] == Float(0.5 / 3))
    #expect(weights[1] == 0)
    // The old log-probabilities are rounded, by half an ulp of 2.
    #expect(abs(weights[2] + Float(1.0 / 3)) <= 0x1p-23)
  }
}
