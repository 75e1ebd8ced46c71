import FulcrumKernel

/// Counts ratios and weights of a batch, a token or a completion at a time, as the level says.
struct CorrectionTally {
  private var count = 0
  private var ratios = Extent()
  private var weights = Extent()
  private var weightSquares = 0.0
  private var truncated = 0
  private var masked = 0
  private var completions = 0
  private var vetoed = 0

  /// The mean weight; 0 for an empty batch.
  var meanWeight: Double { count == 0 ? 0 : weights.sum / Double(count) }

  /// Counts a completion that has tokens.
  mutating func addCompletion(isVetoed: Bool) {
    completions += 1
    if isVetoed { vetoed += 1 }
  }

  /// Returns the weight of one ratio, and counts both.
  mutating func weight(ofLogRatio logRatio: Double, by rule: CorrectionWeight, isVetoed: Bool)
    -> Double
  {
    let ratio = rule.ratio(ofLog: logRatio)
    let weight = isVetoed ? 0 : rule.weight(of: ratio)
    count += 1
    ratios.add(ratio)
    weights.add(weight)
    weightSquares += weight * weight
    if weight == 0 {
      masked += 1
    } else if !rule.isInside(ratio) {
      truncated += 1
    }
    return weight
  }

  /// Adds the batch's metrics, unless it has no tokens.
  func report(to metrics: inout MetricSums, level: RolloutCorrection.Level, hasVeto: Bool) {
    guard count > 0 else { return }
    let prefix = "rollout_correction/\(level.rawValue)/"
    for (name, extent) in [("importance_sampling_ratio", ratios), ("weight", weights)] {
      metrics.add(prefix + name + "/mean", sum: extent.sum, count: count)
      metrics.add(prefix + name + "/min", sum: extent.least, count: 1)
      metrics.add(prefix + name + "/max", sum: extent.greatest, count: 1)
    }
    metrics.add(prefix + "truncated_share", sum: Double(truncated), count: count)
    metrics.add(prefix + "masked_share", sum: Double(masked), count: count)
    if hasVeto { metrics.add(prefix + "vetoed_share", sum: Double(vetoed), count: completions) }
    guard weightSquares > 0 else { return }
    metrics.add(
      prefix + "effective_sample_size",
      sum: weights.sum * weights.sum / weightSquares / Double(count), count: 1)
  }
}

/// Holds the sum and the ends of numbers.
private struct Extent {
  private(set) var sum = 0.0
  private(set) var least = Double.infinity
  private(set) var greatest = -Double.infinity

  mutating func add(_ value: Double) {
    sum += value
    least = min(least, value)
    greatest = max(greatest, value)
  }
}
