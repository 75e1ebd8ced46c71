import Foundation
import FulcrumKernel

/// Holds a mean over runs of other seeds, with an interval that knows how few they are.
package struct SeedMean: Sendable, Equatable {
  package let mean: Double
  /// The number of seeds.
  package let count: Int
  /// The 95 % interval; `nil`: one seed has none.
  package let interval: ClosedRange<Double>?

  /// Takes the mean of one value a seed, and the expanded percentile interval of its bootstrap.
  ///
  /// The plain percentile interval is too narrow for few seeds, as an interval would be that divides
  /// by n for the variance and takes the normal distribution's quantiles for Student's. The expanded
  /// one makes good for both: it reaches to the resamples' quantiles Φ(∓ √(n/(n−1)) · t), where t is the
  /// 97.5 % point of Student's distribution with n−1 degrees of freedom. Of up to four seeds these are the
  /// smallest and the largest value, which cover 50 % (two), 75 % (three), 87.5 % (four) at most.
  ///
  /// - Parameter values: not empty.
  /// - Source: Hesterberg, "What teachers should know about the bootstrap", The American Statistician
  ///   69 (2015), section 5.2 (arXiv 1411.5279).
  package init(_ values: [Double]) {
    mean = Statistics.mean(values)
    count = values.count
    interval = values.count < 2 ? nil : Bootstrap(values).expandedInterval
  }
}

/// Holds the means of all resamples of some values, or of many drawn ones.
struct Bootstrap {
  /// The most values of which every resample is taken: 6⁶ are 46656.
  static let mostEnumerated = 6
  /// The number of resamples that are drawn of more values.
  static let draws = 10_000

  /// The number of values.
  private let count: Int
  /// The resamples' means in order, each with the number of resamples that have it.
  private let means: [(mean: Double, weight: Int)]

  init(_ values: [Double]) {
    count = values.count
    let found =
      values.count <= Self.mostEnumerated ? Self.enumerated(values) : Self.drawn(values)
    means = found.sorted { $0.mean < $1.mean }
  }

  /// Returns the mean of every resample. Resamples that differ in order alone are counted, not repeated.
  private static func enumerated(_ values: [Double]) -> [(mean: Double, weight: Int)] {
    let n = values.count
    let factorials = (1...max(1, n)).reduce(into: [1]) { $0.append($0[$0.count - 1] * $1) }
    var means: [(mean: Double, weight: Int)] = []
    /// Takes 0 to `left` of the value at `index`, and goes on with the next.
    func take(_ index: Int, left: Int, sum: Double, divisor: Int) {
      guard index < n - 1 else {
        let last = sum + Double(left) * values[index]
        means.append((last / Double(n), factorials[n] / (divisor * factorials[left])))
        return
      }
      for times in 0...left {
        take(
          index + 1, left: left - times, sum: sum + Double(times) * values[index],
          divisor: divisor * factorials[times])
      }
    }
    take(0, left: n, sum: 0, divisor: 1)
    return means
  }

  /// Returns the means of drawn resamples, always the same draws.
  private static func drawn(_ values: [Double]) -> [(mean: Double, weight: Int)] {
    var random = CounterRandom(seed: 0, purpose: "bootstrap over seeds").stream(0)
    return (0..<draws).map { _ in
      let sum = values.reduce(0) { sum, _ in
        sum + values[Int.random(in: values.indices, using: &random)]
      }
      return (sum / Double(values.count), 1)
    }
  }

  /// The expanded percentile interval, of 95 %.
  ///
  /// An end is the outermost mean that has at least so many resamples at it and beyond it.
  var expandedInterval: ClosedRange<Double> {
    let n = Double(count)
    let reach =
      (n / (n - 1)).squareRoot() * Statistics.studentQuantile(freedom: count - 1)
    // Φ(−reach), by the complement, which keeps its digits far out.
    let tail = erfc(reach / 2.0.squareRoot()) / 2
    let total = Double(means.reduce(0) { $0 + $1.weight })
    let low = Self.end(of: means, beyond: tail * total)
    let high = Self.end(of: means.reversed(), beyond: tail * total)
    return min(low, high)...max(low, high)
  }

  private static func end(of means: [(mean: Double, weight: Int)], beyond least: Double) -> Double {
    var sum = 0.0
    for (mean, weight) in means {
      sum += Double(weight)
      if sum >= least { return mean }
    }
    return means.last?.mean ?? .nan
  }
}
