import Foundation

/// Compares the values of two arms over seeds.
package struct PairedComparison: Sendable {
  /// Differences on the seeds that both have, own minus the other's.
  package let differences: [Double]
  /// Their mean, with its interval; `nil`: no seed is in both.
  package let difference: SeedMean?
  /// The share of pairs of runs, one of each arm, in which the own one is ahead; ties count half. It
  /// estimates how likely the arm is ahead on seeds that nobody has tried.
  package let ahead: Double
  /// Wilson's 95 % interval of that share, as if there were only as many pairs as the arm with fewer
  /// seeds has runs.
  ///
  /// - Source: the share over all pairs: Mann and Whitney, Ann. Math. Stat. 18 (1947), for learning
  ///   curves Agarwal et al., arXiv 2108.13264; its variance is at most p(1−p)/min(n, m): Birnbaum, Proc.
  ///   3rd Berkeley Symposium (1956).
  package let aheadInterval: ClosedRange<Double>?
  /// The probability of a difference as large as this in either direction, if there were none: the
  /// paired t-test's. `nil` for fewer than two seeds, and where all differences are the same.
  package let p: Double?

  /// What differs by less is equal: the same means of other addends differ in their last bits.
  private static let tolerance = 1e-9
  /// The rounding of a value of size 1: values may have six significant digits.
  private static let rounding = 1e-5

  /// - Parameters:
  ///   - own: values by seed.
  ///   - other: values by seed, of the arm that is compared with. Neither is empty.
  package init(_ own: [(seed: String, value: Double)], with other: [(seed: String, value: Double)])
  {
    let differences = own.compactMap { run -> Double? in
      guard let twin = other.first(where: { $0.seed == run.seed }) else { return nil }
      let difference = run.value - twin.value
      return abs(difference) < Self.tolerance ? 0 : difference
    }
    self.differences = differences
    difference = differences.isEmpty ? nil : SeedMean(differences)
    let wins = own.reduce(0.0) { sum, run in
      other.reduce(sum) { sum, twin in
        let lead = run.value - twin.value
        return sum + (lead >= Self.tolerance ? 1 : lead > -Self.tolerance ? 0.5 : 0)
      }
    }
    ahead = wins / Double(own.count * other.count)
    let fewest = min(own.count, other.count)
    aheadInterval = fewest > 1 ? Statistics.wilson(share: ahead, size: Double(fewest)) : nil
    let size = (own + other).reduce(0) { max($0, abs($1.value)) }
    p = Self.probability(of: differences, rounding: Self.rounding * size)
  }

  /// The number of seeds on which the arm is ahead.
  package var wins: Int { differences.count { $0 > 0 } }

  private static func probability(of differences: [Double], rounding: Double) -> Double? {
    guard differences.count > 1 else { return nil }
    let deviation = Statistics.deviation(differences)
    let mean = Statistics.mean(differences)
    // Rounding is no spread.
    guard deviation > rounding else { return mean == 0 ? 1 : nil }
    let t = mean / (deviation / Double(differences.count).squareRoot())
    return Statistics.studentTails(t, freedom: differences.count - 1)
  }

  /// Returns probabilities corrected for how many there are, so that the chance of one false alarm
  /// among all of them stays what it is for one.
  ///
  /// - Source: Holm, Scand. J. Stat. 6 (1979).
  package static func holm(_ probabilities: [Double?]) -> [Double?] {
    let order = probabilities.indices.filter { probabilities[$0] != nil }.sorted {
      (probabilities[$0] ?? 1, $0) < (probabilities[$1] ?? 1, $1)
    }
    var corrected = probabilities
    var largest = 0.0
    for (rank, index) in order.enumerated() {
      let scaled = Double(order.count - rank) * (probabilities[index] ?? 1)
      largest = max(largest, min(1, scaled))
      corrected[index] = largest
    }
    return corrected
  }
}
