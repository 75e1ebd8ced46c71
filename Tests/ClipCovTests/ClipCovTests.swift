import ClipCovPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

func makeObjective(
  _ given: [String: ParameterValue] = [:], seed: UInt64 = 1
) throws -> ClipCovObjective {
  let parameters = try Parameters(given, for: ClipCovObjective.manual.parameters, at: "objective")
  return try ClipCovObjective(parameters, context: ComponentContext(seed: seed))
}

@Suite struct ClipCovTests {
  /// Departures of A from its mean 0 and of log π from its mean -3; on policy.
  ///
  /// Covariances: 2·1 = 2, -2·-1 = 2, 6·1 = 6, -6·-1 = 6, 0·0.5 = 0, 0·-0.5 = 0.
  private let batch = MiniBatch(
    current: [-2, -4, -2, -4, -2.5, -3.5], old: [-2, -4, -2, -4, -2.5, -3.5],
    advantages: [2, -2, 6, -6, 0, 0], lengths: [2, 4])

  @Test func `a token between the bounds is drawn and gets nothing`() throws {
    // The whole share: both tokens of covariance 2 are in 1...5, those of 6 and 0 are not.
    let all = try batch.weighed(by: makeObjective(["share": .number(1)]))
    #expect(all.survey == [1, 1, 0, 0, 0, 0])
    // N = 6, r = 1.
    #expect(all.weights == [0, 0, 1, -1, 0, 0])
    #expect(all.losses == [0, 0, -1, 1, 0, 0])
    #expect(all.metrics.mean("clip_cov/selected_mean") == 2.0 / 6)
    // The default share is less than one token: one is drawn.
    let one = try batch.weighed(by: makeObjective())
    #expect(one.survey.reduce(0, +) == 1)
    #expect(one.survey[0] + one.survey[1] == 1)
    #expect(one.metrics.mean("clip_cov/selected_mean") == 1.0 / 6)
  }

  @Test func `the bounds themselves are outside`() throws {
    let low = try batch.weighed(by: makeObjective(["cov-low": .number(2), "share": .number(1)]))
    #expect(low.survey == [0, 0, 0, 0, 0, 0])
    let high = try batch.weighed(
      by: makeObjective(["cov-low": .number(-1), "cov-high": .number(2), "share": .number(1)]))
    #expect(high.survey == [0, 0, 0, 0, 1, 1])
    let wide = try batch.weighed(by: makeObjective(["cov-high": .number(7), "share": .number(1)]))
    #expect(wide.survey == [1, 1, 1, 1, 0, 0])
  }

  @Test func `a token that is clipped already is not drawn`() throws {
    var batch = batch
    // The first token's ratio becomes e: above the clip, A > 0. The second's 1/e: below, A < 0.
    batch.old[0] = -3
    batch.old[1] = -3
    let result = try batch.weighed(by: makeObjective(["share": .number(1)]))
    #expect(result.survey == [0, 0, 0, 0, 0, 0])
    // Both are clipped by the surrogate instead, at 1.2 and 0.8; N = 6.
    #expect(result.weights == [0, 0, 1, -1, 0, 0])
    #expect(result.losses == [Float(-2.4 / 6), Float(1.6 / 6), -1, 1, 0, 0])
    #expect(result.metrics.mean("clip_ratio/region_mean") == 2.0 / 6)
    // On the other side of the clip they can be drawn.
    batch.old = [-1, -5, -2, -4, -2.5, -3.5]
    #expect(
      try batch.weighed(by: makeObjective(["share": .number(1)])).survey == [1, 1, 0, 0, 0, 0])
  }

  @Test func `masked sequences neither count nor are drawn`() throws {
    var batch = batch
    batch.offsets = [0, 2, 4, 6]
    // Without the middle sequence the means stay 0 and -3 and covariances 2, 2, 0, 0.
    batch.shares = [0.25, 0, 0.25]
    batch.advantages[2] = 1e6
    batch.current[3] = -1e6
    let result = try batch.weighed(by: makeObjective(["share": .number(1)]))
    #expect(result.survey == [1, 1, 0, 0, 0, 0])
    #expect(result.weights == [0, 0, 0, 0, 0, 0])
    #expect(result.metrics.mean("clip_cov/selected_mean") == 0.5)
  }

  @Test(arguments: Aggregation.allCases)
  func `random batches agree with differences of the oracle`(aggregation: Aggregation) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed, drift: -0.6...0.6)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(
        by: makeObjective([
          "clip-low": .number(0.3), "clip-high": .number(0.4), "cov-low": .number(0.5),
          "share": .number(1),
        ]))
      let here = batch.current.map(Double.init)
      let drawn = covariances(of: batch).indices.filter { token in
        let value = covariances(of: batch)[token]
        let ratio = exp(here[token] - Double(batch.old[token]))
        let isClipped = batch.advantages[token] > 0 ? ratio > 1.4 : ratio < 0.7
        return value > 0.5 && value < 5 && !isClipped
      }
      #expect(drawn.count > 3)
      #expect(result.survey.indices.filter { result.survey[$0] == 1 } == drawn, "seed \(seed)")
      // The drawn tokens' factor is 0; the loss of the others as verl writes it.
      let shares = batch.tokenShares
      func losses(_ current: [Double]) -> [Double] {
        current.indices.map { token in
          let ratio = exp(current[token] - Double(batch.old[token]))
          let advantage = Double(batch.advantages[token])
          let loss = max(-advantage * ratio, -advantage * min(max(ratio, 0.7), 1.4))
          return drawn.contains(token) ? 0 : shares[token] * loss
        }
      }
      let slopes = negativeSlopes(of: { losses($0).reduce(0, +) }, at: here)
      for token in here.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-6, "seed \(seed)")
        #expect(abs(Double(result.losses[token]) - losses(here)[token]) <= 1e-6, "seed \(seed)")
      }
    }
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 7, drift: -0.3...0.3)
    let objective = try makeObjective(["cov-low": .number(0.2), "share": .number(0.1)])
    let whole = try batch.weighed(by: objective)
    #expect(whole.survey.reduce(0, +) == 5)
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: objective, slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
      #expect(
        parts.metrics.mean("clip_cov/selected_mean")
          == whole.metrics.mean("clip_cov/selected_mean"))
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2])
    let result = try far.weighed(by: makeObjective())
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    let broken = MiniBatch(current: [.nan, -1], old: [-1, -1], advantages: [1, 5])
    let marked = try broken.weighed(by: makeObjective())
    #expect(marked.survey == [0, 0])
    #expect(marked.weights[0].isNaN)
  }
}

/// (A − mean A)(log π − mean log π) in Double.
private func covariances(of batch: MiniBatch) -> [Double] {
  let count = Double(batch.current.count)
  let advantage = batch.advantages.reduce(0.0) { $0 + Double($1) } / count
  let logProbability = batch.current.reduce(0.0) { $0 + Double($1) } / count
  return zip(batch.advantages, batch.current).map {
    (Double($0) - advantage) * (Double($1) - logProbability)
  }
}
