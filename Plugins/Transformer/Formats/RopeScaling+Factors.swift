/// Finds Llama 3's constants again from what they do.
extension RopeScaling.Llama3 {
  /// The constants of every published model of Llama 3.1 to 3.3; only the factor differs.
  private static let published = (high: 4.0, context: 8192)

  /// The largest relative difference of a factor from the rule's. GGUF's factors were computed in
  /// float32, where a wavelength and so a blend's share are off by about 1e-6; times a factor of 32
  /// that is 3e-5.
  private static let tolerance = 1e-4

  /// Finds the constants by which each pair's frequency is divided by a factor; nil if there are none.
  ///
  /// The rule depends on the original context over each of the two frequency factors only, so that
  /// the lower one may be taken as 1, as all published models have it.
  ///
  /// - Parameter factors: `headSize / 2` numbers.
  package init?(dividing factors: [Float], headSize: Int, theta: Double) {
    let factors = factors.map { Double($0) }
    guard let factor = factors.max(), factor > 1, factor.isFinite else { return nil }
    let plain = RopeScaling.none.frequencies(headSize: headSize, theta: theta)
    let published = Self(
      factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: Self.published.high,
      originalContextLength: Self.published.context)
    let solved = Self.solved(factors, factor: factor, plain: plain)
    for candidate in [published, solved].compactMap({ $0 }) {
      let scaled = RopeScaling.llama3(candidate).frequencies(headSize: headSize, theta: theta)
      let fits = factors.indices.allSatisfy {
        abs(plain[$0] / scaled[$0] - factors[$0]) <= Self.tolerance * factors[$0]
      }
      if fits {
        self = candidate
        return
      }
    }
    return nil
  }

  /// Solves for the constants by the blended pairs, of which there must be two.
  ///
  /// A pair that turns t times within one position, and whose frequency is multiplied by
  /// (1 - s) / factor + s, has s · (high - 1) = context · t - 1: a line through the points
  /// (s, t) has the slope (high - 1) / context and the intercept 1 / context.
  private static func solved(_ factors: [Double], factor: Double, plain: [Double]) -> Self? {
    var points: [(share: Double, turns: Double)] = []
    for (divisor, frequency) in zip(factors, plain) where divisor > 1 && divisor < factor {
      let share: Double = (1 / divisor - 1 / factor) / (1 - 1 / factor)
      points.append((share, frequency / (2 * .pi)))
    }
    guard points.count >= 2 else { return nil }
    // The line of least squares.
    let count = Double(points.count)
    let meanShare = points.reduce(0.0) { $0 + $1.share } / count
    let meanTurns = points.reduce(0.0) { $0 + $1.turns } / count
    var variance = 0.0
    var covariance = 0.0
    for point in points {
      let distance = point.share - meanShare
      variance += distance * distance
      covariance += distance * (point.turns - meanTurns)
    }
    let slope = covariance / variance
    let intercept = meanTurns - slope * meanShare
    // Both are simple numbers in practice, and rounding takes the float32 noise away.
    let context = (1 / intercept).rounded()
    let ratio: Double = 1 + slope / intercept
    let high = (ratio * 1024).rounded() / 1024
    guard context >= 1, context <= Double(1 << 30), high > 1, high.isFinite else { return nil }
    return Self(
      factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: high,
      originalContextLength: Int(context))
  }
}
