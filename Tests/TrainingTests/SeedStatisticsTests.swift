import TestSupport
import Testing
import Training

@Suite struct SeedStatisticsTests {
  /// Numbers of magnitude 1 and below, some operations each.
  private let tolerance = 1e-11

  private func seeds(_ values: [Double]) -> [(seed: String, value: Double)] {
    values.enumerated().map { (seed: "\($0)", value: $1) }
  }

  @Test func `of few seeds the interval is the range of their values`() throws {
    // √2 · 12.7 and √1.5 · 4.3 standard deviations lie beyond the 4 and 27 resamples, of which one is all
    // smallest and one all largest values.
    #expect(SeedMean([0.25]).interval == nil)
    #expect(SeedMean([0.75, 0.25]).interval == 0.25...0.75)
    #expect(SeedMean([0.5, 1, 0.25]).interval == 0.25...1)
    #expect(SeedMean([0.75, 0.25]).mean == 0.5)
  }

  @Test func `of five seeds the interval ends at the third of 3125 resamples`() throws {
    // Φ(−√(5/4) · 2.776) · 5⁵ = 2.98. Of 0, 0, 0, 0, 1 the resamples are k fives: 4⁵ = 1024 have mean 0;
    // from above: 1 has five ones, 20 have four. The third from below is 0, the third from above 0.8.
    let mean = SeedMean([0, 1, 0, 0, 0])
    #expect(mean.interval == 0...0.8)
    #expect(mean.mean == 0.2 && mean.count == 5)
  }

  @Test func `more seeds are drawn, with the same draws each time`() {
    let values = (0..<9).map { Double($0 * $0) }
    let interval = SeedMean(values).interval
    #expect(interval == SeedMean(values).interval)
    #expect(SeedMean([Double](repeating: 3, count: 9)).interval == 3...3)
  }

  @Test func `an arm is ahead by differences on the same seeds`() throws {
    // Differences 0.25 and 0.75 and none on the third seed: mean 0.5, deviation √(1/8), t = 0.5 /
    // (√(1/8) / √2) = 2. With one degree of freedom P(|T| ≥ 2) = 1 − 2/π · atan 2 = 0.2952.
    let own = [(seed: "1", value: 0.5), (seed: "2", value: 1.0), (seed: "3", value: 0.125)]
    let other = [(seed: "2", value: 0.25), (seed: "1", value: 0.25)]
    let paired = PairedComparison(own, with: other)
    #expect(paired.differences == [0.25, 0.75])
    #expect(paired.difference == SeedMean([0.25, 0.75]))
    #expect(paired.wins == 2)
    // Four of the six pairs.
    #expect(abs(paired.ahead - 4 / 6.0) < tolerance)
    // As if of two pairs: Wilson's interval of a share of two thirds.
    #expect(paired.aheadInterval == Statistics.wilson(share: paired.ahead, size: 2))
    #expect(abs(try #require(paired.p) - 0.295167235300867) < tolerance)
  }

  @Test func `equal values are no lead, whatever their last bits`() throws {
    // 0.1 + 0.2 is more than 0.3 by a last bit.
    let paired = PairedComparison(seeds([0.1 + 0.2, 1]), with: seeds([0.3, 1]))
    #expect(paired.differences == [0, 0])
    #expect(paired.wins == 0)
    #expect(paired.p == 1)
    // 0.3 ties with 0.3 and 1 with 1, 0.3 loses to 1 and 1 wins over 0.3.
    #expect(paired.ahead == 0.5)
  }

  @Test func `what has no spread, or one seed, has no p`() {
    #expect(PairedComparison(seeds([2, 3]), with: seeds([1, 2])).p == nil)
    // Lines of runs have six digits: 0.041667 and 0.041666 is one difference.
    #expect(PairedComparison(seeds([0.541667, 0.541666]), with: seeds([0.5, 0.5])).p == nil)
    let one = PairedComparison(seeds([2]), with: seeds([1]))
    #expect(one.p == nil && one.aheadInterval == nil && one.difference?.interval == nil)
    let apart = PairedComparison([(seed: "1", value: 2)], with: [(seed: "2", value: 1)])
    #expect(apart.difference == nil && apart.differences.isEmpty && apart.ahead == 1)
  }

  @Test func `Holm's correction is for those that have a p`() {
    // 0.01 · 3; 0.02 · 2 = 0.04; 0.03 · 1, but no less than the one before it.
    let corrected = PairedComparison.holm([0.03, nil, 0.01, 0.02])
    #expect(corrected == [0.04, nil, 0.03, 0.04])
    #expect(PairedComparison.holm([0.6, 0.6]) == [1, 1])
  }

  /// What numpy and scipy make of the same numbers (see the folder's README).
  private struct Golden: Decodable {
    struct Mean: Decodable {
      let values: [Double]
      let mean: Double
      let interval: [Double]
    }
    struct Drawn: Decodable {
      let values: [Double]
      let low: [Double]
      let high: [Double]
    }
    struct Pair: Decodable {
      let own: [Double]
      let other: [Double]
      let difference: Double
      let interval: [Double]
      let ahead: Double
      let p: Double
    }
    struct Holm: Decodable {
      let probabilities: [Double]
      let corrected: [Double]
    }
    let means: [Mean]
    let drawn: [Drawn]
    let pairs: [Pair]
    let holm: Holm
  }

  @Test func `means, intervals, leads and p are those of numpy and scipy`() throws {
    let golden = try GoldenFile.read(Golden.self, "seed-statistics")
    try #require(golden.means.count == 8 && golden.pairs.count == 5)
    func expect(_ found: SeedMean?, _ mean: Double, _ interval: [Double]) throws {
      let found = try #require(found)
      let ends = try #require(found.interval)
      #expect(abs(found.mean - mean) < tolerance)
      #expect(abs(ends.lowerBound - interval[0]) < tolerance, "\(ends) \(interval)")
      #expect(abs(ends.upperBound - interval[1]) < tolerance, "\(ends) \(interval)")
    }
    for mean in golden.means {
      try expect(SeedMean(mean.values), mean.mean, mean.interval)
    }
    for pair in golden.pairs {
      let paired = PairedComparison(seeds(pair.own), with: seeds(pair.other))
      try expect(paired.difference, pair.difference, pair.interval)
      #expect(abs(paired.ahead - pair.ahead) < tolerance)
      #expect(abs(try #require(paired.p) - pair.p) < tolerance)
    }
    let corrected = PairedComparison.holm(golden.holm.probabilities)
    for (found, wanted) in zip(corrected, golden.holm.corrected) {
      #expect(abs(try #require(found) - wanted) < tolerance)
    }
  }

  @Test func `drawn intervals are those of all resamples, as far as draws can tell`() throws {
    for drawn in try GoldenFile.read(Golden.self, "seed-statistics").drawn {
      let interval = try #require(SeedMean(drawn.values).interval)
      // Four standard errors of a share among ten thousand draws, as values.
      #expect((drawn.low[0]...drawn.low[1]).contains(interval.lowerBound), "\(interval)")
      #expect((drawn.high[0]...drawn.high[1]).contains(interval.upperBound), "\(interval)")
    }
  }
}
