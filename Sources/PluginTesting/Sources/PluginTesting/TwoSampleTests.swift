import Foundation

/// Tests whether two samples are draws of one distribution.
enum TwoSampleTests {
  /// Returns the chance that two samples of one distribution differ as much as these, by Kolmogorov and
  /// Smirnov. Equal values make it too large, never too small.
  ///
  /// - Source: Press et al., Numerical Recipes, section 14.3: the limit for many values, with Stephens'
  ///   correction.
  static func kolmogorovSmirnov(_ one: [Double], _ other: [Double]) -> Double {
    guard !one.isEmpty, !other.isEmpty else { return 1 }
    let (one, other) = (one.sorted(), other.sorted())
    var (i, j) = (0, 0)
    var distance = 0.0
    while i < one.count, j < other.count {
      let value = min(one[i], other[j])
      while i < one.count, one[i] == value { i += 1 }
      while j < other.count, other[j] == value { j += 1 }
      distance = max(
        distance, abs(Double(i) / Double(one.count) - Double(j) / Double(other.count)))
    }
    let size = (Double(one.count * other.count) / Double(one.count + other.count)).squareRoot()
    let scaled = (size + 0.12 + 0.11 / size) * distance
    // The series is slow below, where the chance is 1 to six digits.
    guard scaled > 0.3 else { return 1 }
    var chance = 0.0
    for term in 1...100 {
      let square = Double(term * term)
      chance += (term.isMultiple(of: 2) ? -2 : 2) * exp(-2 * square * scaled * scaled)
    }
    return min(1, max(0, chance))
  }

  /// Returns the chance that two samples of one distribution differ as much as these counts, by Pearson's
  /// chi-square. Rare cells count as one.
  ///
  /// - Parameter cells: for each value, how often each sample has it.
  static func chiSquare(_ cells: [(Int, Int)]) -> Double {
    let (one, other) = cells.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    guard one > 0, other > 0 else { return 1 }
    // At least 5 of each are to be expected, or the limit is no good.
    let least = 5 * Double(one + other) / Double(min(one, other))
    var merged: [(Int, Int)] = []
    var rest = (0, 0)
    for cell in cells {
      if Double(cell.0 + cell.1) >= least {
        merged.append(cell)
      } else {
        rest = (rest.0 + cell.0, rest.1 + cell.1)
      }
    }
    if Double(rest.0 + rest.1) >= least { merged.append(rest) }
    guard merged.count > 1 else { return 1 }
    let sums = merged.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
    let total = Double(sums.0 + sums.1)
    var statistic = 0.0
    for cell in merged {
      let both = Double(cell.0 + cell.1)
      for (count, sum) in [(cell.0, sums.0), (cell.1, sums.1)] where sum > 0 {
        let expected = both * Double(sum) / total
        statistic += (Double(count) - expected) * (Double(count) - expected) / expected
      }
    }
    return upperGamma(Double(merged.count - 1) / 2, statistic / 2)
  }

  /// Returns the regularised upper incomplete gamma function Q(a, x).
  ///
  /// - Source: Press et al., Numerical Recipes, section 6.2: the series below a + 1, the continued fraction
  ///   by Lentz' method above.
  static func upperGamma(_ a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 1 }
    let scale = exp(-x + a * log(x) - lgamma(a))
    if x < a + 1 {
      var term = 1 / a
      var sum = term
      for n in 1...1000 {
        term *= x / (a + Double(n))
        sum += term
        if term < sum * 1e-15 { break }
      }
      return max(0, 1 - sum * scale)
    }
    let tiny = 1e-300
    var b = x + 1 - a
    var c = 1 / tiny
    var d = 1 / b
    var h = d
    for n in 1...1000 {
      let factor = -Double(n) * (Double(n) - a)
      b += 2
      d = factor * d + b
      if abs(d) < tiny { d = tiny }
      c = b + factor / c
      if abs(c) < tiny { c = tiny }
      d = 1 / d
      h *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return h * scale
  }
}
