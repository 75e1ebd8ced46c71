import FulcrumKernel

/// Counts what a ratio objective reports of a slice, under the names that TRL's users know.
///
/// - Unit: means over the counted tokens; ratios are π/π_old, log ratios in nats.
package struct ObjectiveTally {
  private var tokens = 0
  private var low = 0
  private var high = 0
  private var dual = 0
  private var ratio = 0.0
  private var logRatio = 0.0

  package init() {}

  /// Counts a token.
  ///
  /// - Parameters:
  ///   - ratio: the ratio that the objective uses for the token, maybe its sequence's.
  ///   - logRatio: log π − log π_old of the token itself.
  package mutating func count(ratio: Double, logRatio: Double) {
    tokens += 1
    self.ratio += ratio
    self.logRatio += logRatio
  }

  /// Counts a token's branch, beside `count(ratio:logRatio:)`.
  package mutating func count(_ branch: ClippedSurrogate.Branch) {
    switch branch {
    case .unclipped: break
    case .low: low += 1
    case .high: high += 1
    case .dual: dual += 1
    }
  }

  /// Adds `policy_ratio/mean` and `approx_kl`.
  package func reportRatios(to metrics: inout MetricSums) {
    metrics.add("policy_ratio/mean", sum: ratio, count: tokens)
    metrics.add("approx_kl", sum: -logRatio, count: tokens)
  }

  /// Adds `clip_ratio/low_mean`, `/high_mean` and `/region_mean`, and `/dual_mean` if there is a
  /// dual clip.
  package func reportClips(hasDualClip: Bool = false, to metrics: inout MetricSums) {
    metrics.add("clip_ratio/low_mean", sum: Double(low), count: tokens)
    metrics.add("clip_ratio/high_mean", sum: Double(high), count: tokens)
    metrics.add("clip_ratio/region_mean", sum: Double(low + high), count: tokens)
    if hasDualClip { metrics.add("clip_ratio/dual_mean", sum: Double(dual), count: tokens) }
  }

  /// Adds a metric of the objective's own: a sum over the counted tokens.
  package func report(_ name: String, sum: Double, to metrics: inout MetricSums) {
    metrics.add(name, sum: sum, count: tokens)
  }
}
