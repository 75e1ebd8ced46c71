import FulcrumKernel

/// What the objective reports of a slice, under the names that TRL's users know.
///
/// - Unit: sums over tokens; ratios are π/π_old, divergences in nats.
struct ObjectiveTally {
  private var low = 0
  private var high = 0
  private var dual = 0
  private var ratio = 0.0
  private var logRatio = 0.0
  /// Sum of k3 to the reference.
  var divergence = 0.0

  mutating func count(_ branch: ClippedSurrogate.Branch, ratio: Double, logRatio: Double) {
    switch branch {
    case .unclipped: break
    case .low: low += 1
    case .high: high += 1
    case .dual: dual += 1
    }
    self.ratio += ratio
    self.logRatio += logRatio
  }

  /// Adds each sum to its metric, over `tokens` tokens.
  func report(
    _ tokens: Int, hasDualClip: Bool, hasDivergence: Bool, to metrics: inout MetricSums
  ) {
    metrics.add("clip_ratio/low_mean", sum: Double(low), count: tokens)
    metrics.add("clip_ratio/high_mean", sum: Double(high), count: tokens)
    metrics.add("clip_ratio/region_mean", sum: Double(low + high), count: tokens)
    if hasDualClip { metrics.add("clip_ratio/dual_mean", sum: Double(dual), count: tokens) }
    if hasDivergence { metrics.add("kl", sum: divergence, count: tokens) }
    metrics.add("policy_ratio/mean", sum: ratio, count: tokens)
    metrics.add("approx_kl", sum: -logRatio, count: tokens)
  }
}
