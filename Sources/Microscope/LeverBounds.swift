import Foundation

/// Holds every token's lever ‖e − π‖ against √(N/(N−1)) (1 − π) and √2 (1 − π).
///
/// - Source: arXiv 2505.12929, equation (3); Documentation/Method.md, section 2.
package struct LeverBounds: Sendable {
  /// The absolute error that a policy's f32 may have: log π of a logit near 20 is good to 2e-6, and
  /// 1 − π with it.
  static let absoluteTolerance = 1e-5
  /// The error relative to the bound that it may have besides.
  static let relativeTolerance = 1e-5
  /// The ratio lever / (1 − π) is taken of tokens whose 1 − π is at least this: below it, rounding
  /// is more than a thousandth of it.
  static let ratioFloor = 0.01
  static let bins = 20

  /// The number N of tokens that the policy knows.
  let vocabulary: Int
  /// The number of tokens that were held against the bounds.
  package private(set) var tokens = 0
  /// The number of tokens whose lever is outside by more than the tolerance, or is not a number.
  package private(set) var violations = 0
  /// The least lever / (1 − π); NaN: no token has one.
  package private(set) var minimum = Double.nan
  /// The greatest lever / (1 − π); NaN: no token has one.
  package private(set) var maximum = Double.nan
  /// Tokens by their ratio, in equal bins from `lower` to `upper`; the outer ones have all beyond.
  package private(set) var histogram = [Int](repeating: 0, count: LeverBounds.bins)

  /// The lower bound √(N/(N−1)).
  package var lower: Double { (Double(vocabulary) / Double(vocabulary - 1)).squareRoot() }
  /// The upper bound √2.
  var upper: Double { 2.0.squareRoot() }

  /// - Parameter vocabulary: the number N of tokens that the policy knows, at least 2.
  package init(vocabulary: Int) { self.vocabulary = vocabulary }

  package mutating func add(logProbability: Float, lever: Float) {
    tokens += 1
    // 1 − π without cancellation.
    let rest = -expm1(Double(logProbability))
    let lever = Double(lever)
    let least = lower * rest * (1 - Self.relativeTolerance) - Self.absoluteTolerance
    let greatest = upper * rest * (1 + Self.relativeTolerance) + Self.absoluteTolerance
    if !(lever >= least && lever <= greatest) { violations += 1 }
    guard rest >= Self.ratioFloor, lever.isFinite else { return }
    let ratio = lever / rest
    // With a NaN first, both take the other.
    minimum = Double.minimum(minimum, ratio)
    maximum = Double.maximum(maximum, ratio)
    let width = upper - lower
    let place = width > 0 ? (ratio - lower) / width * Double(Self.bins) : 0
    histogram[min(Self.bins - 1, max(0, Int(place)))] += 1
  }
}
