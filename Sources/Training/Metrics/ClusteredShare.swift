/// Holds the mean of some items' values, each from 0 to 1, with a 95 % interval that knows which
/// items belong together.
///
/// Clusters of items are the independent units. The interval is Wilson's for a share of as many
/// independent draws as would vary as much: n over the design effect, which is the variance between
/// clusters over that of n independent draws. Few clusters say little about their variance, so the
/// number is scaled by Student's quantiles. With values of 0 and 1 and a cluster each, all that
/// changes nothing: it is Wilson's interval of the n items.
///
/// - Source: the design effect: Kish, "Survey Sampling", 1965; the variance between clusters: Liang
///   and Zeger, Biometrika 73 (1986), for language models Miller, arXiv 2411.00640; the scaling:
///   Korn and Graubard, Survey Methodology 24 (1998); Wilson's interval with such a number: Franco,
///   Little, Louis and Slud, J. Survey Stat. Methodol. 7 (2019).
package struct ClusteredShare: Sendable, Equatable {
  /// The mean over items; 0 if there are none.
  package let mean: Double
  package let interval: ClosedRange<Double>
  /// The number of independent draws whose share varies as much; 0 if there are no items.
  package let effectiveCount: Double

  /// - Parameters:
  ///   - values: a value of each item.
  ///   - clusters: for each item, the number of its cluster; `nil`: each is one of its own.
  ///   - draws: the number of completions that the values come from: they are worth no more
  ///     independent draws.
  package init(_ values: [Double], clusters: [Int]? = nil, draws: Int) {
    mean = Statistics.mean(values)
    guard !values.isEmpty else {
      interval = 0...1
      effectiveCount = 0
      return
    }
    effectiveCount = Self.effectiveCount(
      values, mean: mean, clusters: clusters ?? Array(values.indices), draws: Double(draws))
    interval = Statistics.wilson(share: mean, size: effectiveCount)
  }

  /// Returns the number of independent draws whose share varies as the mean does.
  private static func effectiveCount(
    _ values: [Double], mean: Double, clusters: [Int], draws: Double
  ) -> Double {
    precondition(clusters.count == values.count, "every item has a cluster")
    // In the order in which clusters appear: a sum over a dictionary would have other bits each time.
    var places: [Int: Int] = [:]
    var sums: [Double] = []
    for (value, cluster) in zip(values, clusters) {
      let place = places[cluster] ?? sums.count
      if place == sums.count {
        places[cluster] = place
        sums.append(0)
      }
      sums[place] += value - mean
    }
    let (n, groups) = (Double(values.count), Double(sums.count))
    // Values that are all 0, or all 1, don't show how much items of a cluster have in common, and
    // one cluster doesn't show how much clusters differ: each counts once.
    let spread = mean * (1 - mean)
    guard groups > 1, spread > 0 else { return groups }
    let squares = sums.reduce(0) { $0 + $1 * $1 }
    guard squares > 0 else { return draws }
    let independent = spread / (n - 1)
    let clustered = squares * groups / (groups - 1) / (n * n)
    var size = n * independent / clustered
    if groups < n {
      let ratio =
        Statistics.studentQuantile(freedom: values.count - 1)
        / Statistics.studentQuantile(freedom: sums.count - 1)
      size *= ratio * ratio
    }
    // Where fewer values than clusters differ from the rest, little is seen of how clusters differ.
    if groups < n, n * min(mean, 1 - mean) < groups { size = min(size, groups) }
    return min(size, draws)
  }
}
