import Foundation

extension Statistics {
  /// Returns the 97.5 % point of Student's distribution, the half width of a 95 % interval in
  /// standard errors.
  ///
  /// - Parameter freedom: degrees of freedom, at least 1.
  /// - Source: Abramowitz and Stegun, 26.7.3 and 26.7.4: the distribution as a finite sum.
  static func studentQuantile(freedom: Int) -> Double {
    precondition(freedom >= 1, "Student's distribution has a degree of freedom")
    // With t = √ν tan θ, the probability of |T| < t rises with θ from 0 to 1.
    var (low, high) = (0.0, Double.pi / 2)
    while true {
      let middle = (low + high) / 2
      guard low < middle, middle < high else { break }
      if studentProbability(angle: middle, freedom: freedom) < 0.95 {
        low = middle
      } else {
        high = middle
      }
    }
    return Double(freedom).squareRoot() * tan(low)
  }

  /// Returns the probability of |T| ≥ |t|, which is what a t-test calls p.
  ///
  /// - Parameter freedom: degrees of freedom, at least 1.
  /// - Numerics: to some 1e-15, absolutely: a smaller p is 0 or that.
  static func studentTails(_ t: Double, freedom: Int) -> Double {
    let angle = atan(abs(t) / Double(freedom).squareRoot())
    return max(0, 1 - studentProbability(angle: angle, freedom: freedom))
  }

  /// Returns the probability of |T| < √ν tan θ.
  private static func studentProbability(angle: Double, freedom: Int) -> Double {
    let isEven = freedom.isMultiple(of: 2)
    let square = cos(angle) * cos(angle)
    var (sum, term) = (0.0, 1.0)
    for index in 0..<freedom / 2 {
      // Even ν: 1 + ½ cos² θ + (1·3)/(2·4) cos⁴ θ …; odd ν: 1 + ⅔ cos² θ + (2·4)/(3·5) cos⁴ θ ….
      let over = Double(2 * index + (isEven ? 0 : 1))
      if index > 0 { term *= square * (over - 1) / over }
      sum += term
    }
    return isEven
      ? sin(angle) * sum : 2 / Double.pi * (angle + sin(angle) * cos(angle) * sum)
  }
}
