import FulcrumKernel

/// Makes up completions' lengths of a mean and a maximum: ends that come at any token alike, cut at the maximum.
///
/// The lengths are the quantiles of that distribution, one of each, so the plan of a configuration is always the
/// same, and their order is random.
package enum CompletionLengths {
  /// Returns lengths of at least one token.
  ///
  /// - Parameters:
  ///   - mean: of the lengths after the cut, from 1 to `most`.
  package static func make(count: Int, mean: Double, most: Int) -> [Int] {
    let scale = scale(mean: mean, most: Double(most))
    var lengths = (0..<count).map { index in
      let share = (Double(index) + 0.5) / Double(count)
      let length = scale.isFinite ? -scale * log1p(-share) : .infinity
      // Cut before it is an integer: a quantile may lie far beyond.
      return max(1, Int(min(Double(most), length).rounded()))
    }
    // What rounding, and quantiles instead of draws, have made of the mean.
    var excess = lengths.reduce(0, +) - Int((mean * Double(count)).rounded())
    while excess != 0 {
      let before = excess
      for index in lengths.indices where excess != 0 {
        let changed = lengths[index] - excess.signum()
        guard (1...most).contains(changed) else { continue }
        lengths[index] = changed
        excess -= excess.signum()
      }
      if excess == before { break }
    }
    var random = CounterRandom(seed: 1, purpose: "plan").stream(0)
    lengths.shuffle(using: &random)
    return lengths
  }

  /// Returns the scale s of an exponential distribution whose mean is `mean` once it is cut at `most`:
  /// s (1 − e^(−most / s)) = mean. Infinite: all are cut.
  package static func scale(mean: Double, most: Double) -> Double {
    guard mean < most * (1 - 1e-6) else { return .infinity }
    var (low, high) = (0.0, most)
    func cut(_ scale: Double) -> Double { scale * (1 - exp(-most / scale)) }
    while cut(high) < mean { (low, high) = (high, high * 2) }
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if cut(middle) < mean { low = middle } else { high = middle }
    }
    return high
  }
}
