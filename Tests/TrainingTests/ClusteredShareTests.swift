import Foundation
import Testing
import Training

@Suite struct ClusteredShareTests {
  /// Rounding of sums of some hundred numbers of magnitude 1, times the steepness of Wilson's bounds
  /// in its number of draws.
  private let tolerance = 1e-11

  private func expect(
    _ one: ClosedRange<Double>, _ other: ClosedRange<Double>, _ tolerance: Double
  ) {
    #expect(abs(one.lowerBound - other.lowerBound) < tolerance, "\(one) \(other)")
    #expect(abs(one.upperBound - other.upperBound) < tolerance, "\(one) \(other)")
  }

  /// An interval by another way: the variance as a sum over all pairs of items of a cluster, and the
  /// ends as the shares that lie as many of their own standard errors off the mean, by bisection.
  private func oracle(
    _ values: [Double], _ clusters: [Int], draws: Double,
    quantiles: (items: Double, clusters: Double)
  ) -> ClosedRange<Double> {
    let n = Double(values.count)
    let mean = values.reduce(0, +) / n
    var variance = 0.0
    for i in values.indices {
      for j in values.indices where clusters[i] == clusters[j] {
        variance += (values[i] - mean) * (values[j] - mean) / (n * n)
      }
    }
    let groups = Double(Set(clusters).count)
    variance *= groups / (groups - 1)
    let effect = variance / (mean * (1 - mean) / (n - 1))
    let ratio = quantiles.items / quantiles.clusters
    let size = min(draws, n / effect * ratio * ratio)
    func end(_ outer: Double) -> Double {
      var (near, far) = (mean, outer)
      for _ in 0..<200 {
        let middle = (near + far) / 2
        if abs(mean - middle) < 1.959963984540054 * (middle * (1 - middle) / size).squareRoot() {
          near = middle
        } else {
          far = middle
        }
      }
      return near
    }
    return end(0)...end(1)
  }

  @Test func `with a cluster for each item of 0 or 1 it is Wilson's interval`() {
    for (correct, count) in [(0, 20), (1, 7), (81, 263), (20, 20), (1, 1)] {
      let values = (0..<count).map { $0 < correct ? 1.0 : 0 }
      let share = ClusteredShare(values, draws: count)
      expect(share.interval, Statistics.wilson(successes: correct, count: count), tolerance)
      #expect(abs(share.mean - Double(correct) / Double(count)) < 1e-15)
    }
    #expect(ClusteredShare([], draws: 0).interval == 0...1)
    #expect(ClusteredShare([], draws: 0).mean == 0)
  }

  @Test func `shares of samples are worth the draws that vary as much`() {
    // Mean ½; deviations 0, ½, −½, 0. The variance of the mean is (½ / 3) / 4 = 1/24; of four draws
    // it is (¼ / 3) = 1/12: they are worth 4 · 2 = 8 draws, those of 4 in 8.
    let some = ClusteredShare([0.5, 1, 0, 0.5], draws: 16)
    #expect(some.mean == 0.5)
    expect(some.interval, Statistics.wilson(successes: 4, count: 8), tolerance)
    // All alike: no more than the completions are.
    let alike = ClusteredShare([0.5, 0.5, 0.5, 0.5], draws: 16)
    expect(alike.interval, Statistics.wilson(successes: 8, count: 16), tolerance)
    // None correct: whether samples of an item have anything in common is not known.
    let none = ClusteredShare([0, 0, 0, 0], draws: 16)
    expect(none.interval, Statistics.wilson(successes: 0, count: 4), tolerance)
  }

  @Test func `copies of items widen nothing and narrow nothing`() {
    // Eight forms under fifty names each: with 1 or 0 all through a form, 400 items say as much as
    // eight, at Student's quantile of 7 degrees of freedom (2.364624) over that of 399 (1.965927).
    let forms = [1.0, 1, 0, 1, 0, 0, 1, 0]
    let values = forms.flatMap { Array(repeating: $0, count: 50) }
    let clusters = (0..<400).map { $0 / 50 }
    let share = ClusteredShare(values, clusters: clusters, draws: 400)
    // Published quantiles have seven digits.
    expect(
      share.interval,
      oracle(values, clusters, draws: 400, quantiles: (1.965927, 2.364624)), 1e-6)
    let eight = Statistics.wilson(successes: 4, count: 8)
    #expect(share.interval.lowerBound < eight.lowerBound)
    #expect(share.interval.upperBound > eight.upperBound)
    let blind = ClusteredShare(values, draws: 400).interval
    #expect(blind.upperBound - blind.lowerBound < 0.1)
  }

  @Test func `few clusters of uneven size have the oracle's interval`() {
    // Student's quantiles of 1, 2, 3, 9 and 11 degrees of freedom, as tables have them.
    let cases: [(values: [Double], clusters: [Int], quantiles: (Double, Double))] = [
      ([1, 1, 0, 1], [0, 0, 1, 1], (3.182446, 12.706205)),
      (
        [0.25, 0, 1, 0.75, 0, 0, 0.5, 1, 1, 0.25], [7, 7, 7, 2, 2, 9, 9, 9, 9, 9],
        (2.262157, 4.302653)
      ),
      (
        [1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 3],
        (2.200985, 3.182446)
      ),
    ]
    for (values, clusters, quantiles) in cases {
      let share = ClusteredShare(values, clusters: clusters, draws: 1000)
      expect(
        share.interval, oracle(values, clusters, draws: 1000, quantiles: quantiles), 1e-6)
    }
    // One cluster counts once, whatever is in it.
    let one = ClusteredShare([1, 0, 0.5, 0.5], clusters: [3, 3, 3, 3], draws: 16)
    #expect(one.mean == 0.5)
    #expect(one.interval.upperBound - one.interval.lowerBound > 0.85)
  }
}

@Suite struct PassAtKTests {
  /// The share of the sets of k of n samples that hold one of the first c.
  private func enumerated(correct: Int, samples: Int, k: Int) -> Double {
    let sets = (0..<1 << samples).filter { $0.nonzeroBitCount == k }
    let good = sets.count { $0 & (1 << correct - 1) != 0 }
    return Double(good) / Double(sets.count)
  }

  @Test func `it is the share of sets of k samples with a correct one`() {
    for samples in 1...9 {
      for correct in 0...samples {
        for k in 1...samples {
          let value = Statistics.passAtK(correct: correct, samples: samples, k: k)
          // Nine factors, each rounded once or twice.
          #expect(
            abs(value - enumerated(correct: correct, samples: samples, k: k)) < 1e-14,
            "\(correct) of \(samples), k = \(k)")
        }
      }
    }
  }

  @Test func `it has the values of the formula, also where binomials are too large`() {
    // 1 − C(7, 5) / C(10, 5) = 1 − 21/252.
    #expect(abs(Statistics.passAtK(correct: 3, samples: 10, k: 5) - 11.0 / 12) < 1e-15)
    #expect(Statistics.passAtK(correct: 0, samples: 5, k: 5) == 0)
    #expect(Statistics.passAtK(correct: 1, samples: 5, k: 5) == 1)
    // One in 2000 is among 500 with probability ¼; C(2000, 500) is above 10^480.
    #expect(abs(Statistics.passAtK(correct: 1, samples: 2000, k: 500) - 0.25) < 1e-15)
    // k = 1 is the plain share.
    #expect(abs(Statistics.passAtK(correct: 700, samples: 1000, k: 1) - 0.7) < 1e-12)
  }
}
