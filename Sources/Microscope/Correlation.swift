import Foundation
import Training

/// Computes Pearson's correlation of two columns, and its interval.
enum Correlation {
  /// Returns r = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² · Σ (y − ȳ)²).
  ///
  /// - Parameters:
  ///   - x, y: columns of one length.
  ///   - groups: the group of each pair; the means are those of its group's pairs. `nil`: all are one
  ///     group.
  /// - Returns: −1 to 1; NaN if a column doesn't vary (within groups).
  static func pearson(_ x: [Double], _ y: [Double], within groups: [Int]? = nil) -> Double {
    let groups = groups ?? [Int](repeating: 0, count: x.count)
    let (dx, dy) = (centered(x, groups: groups), centered(y, groups: groups))
    func sum(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let scale = (sum(dx, dx) * sum(dy, dy)).squareRoot()
    guard scale > 0 else { return .nan }
    return min(1, max(-1, sum(dx, dy) / scale))
  }

  /// Returns Fisher's 95 % interval: tanh(atanh r ± 1.96 / √(n − 3)).
  ///
  /// - Parameter count: the number n of pairs, taken as independent.
  /// - Returns: NaN for fewer than four pairs, or an r that is NaN.
  /// - Source: R. A. Fisher, Metron 1 (1921).
  static func interval(_ r: Double, count: Int) -> (low: Double, high: Double) {
    guard count > 3, !r.isNaN else { return (.nan, .nan) }
    /// The 97.5 % point of the normal distribution.
    let half = 1.959963984540054 / Double(count - 3).squareRoot()
    return (tanh(atanh(r) - half), tanh(atanh(r) + half))
  }

  /// Returns each value less its group's mean. Exactly 0 where all of a group are equal: what rounding
  /// leaves would correlate with anything.
  private static func centered(_ values: [Double], groups: [Int]) -> [Double] {
    var members: [Int: [Double]] = [:]
    for (value, group) in zip(values, groups) { members[group, default: []].append(value) }
    let centers = members.mapValues { own in
      own.allSatisfy { $0 == own[0] } ? own[0] : Statistics.mean(own)
    }
    return zip(values, groups).map { $0 - (centers[$1] ?? 0) }
  }
}
