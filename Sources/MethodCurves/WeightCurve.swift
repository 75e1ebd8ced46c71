import Foundation

/// What becomes of a number along x, with the range in which it lies where it depends on more than x.
package struct WeightCurve: Codable, Equatable, Sendable {
  /// One place along x.
  package struct Point: Codable, Equatable, Sendable {
    package let x: Double
    package let mean: Double
    package let low: Double
    package let high: Double

    package init(x: Double, mean: Double, low: Double, high: Double) {
      (self.x, self.mean, self.low, self.high) = (x, mean, low, high)
    }
  }

  package let points: [Point]

  package init(points: [Point]) { self.points = points }

  /// Gathers a number of each token by the token's place along x.
  ///
  /// - Parameters:
  ///   - values: one for each token; all are finite.
  ///   - batch: the tokens.
  ///   - isCounted: tells the tokens that count.
  init(
    _ values: [Double], of batch: CurveBatch, where isCounted: (CurveBatch.Token) -> Bool
  ) {
    var found = [[Double]](repeating: [], count: batch.values.count)
    for (token, value) in zip(batch.tokens, values) where isCounted(token) {
      found[token.place].append(value)
    }
    points = zip(batch.values, found).compactMap { x, values in
      guard let low = values.min(), let high = values.max() else { return nil }
      // Equal values are their mean to the bit.
      let mean = low == high ? low : values.reduce(0, +) / Double(values.count)
      return Point(x: x, mean: mean, low: low, high: high)
    }
  }

  /// Whether it is nowhere more than a thousandth of its largest value away from another.
  func isClose(to other: WeightCurve) -> Bool {
    let most = (points + other.points).map { max(abs($0.low), abs($0.high)) }.max() ?? 0
    return points.count == other.points.count
      && zip(points, other.points).allSatisfy { one, other in
        [one.mean - other.mean, one.low - other.low, one.high - other.high]
          .allSatisfy { abs($0) <= most * 1e-3 }
      }
  }

  /// The curve of −w.
  var mirrored: WeightCurve {
    WeightCurve(
      points: points.map { Point(x: $0.x, mean: -$0.mean, low: -$0.high, high: -$0.low) })
  }

  /// The mean of |w| over the places of a range; `nil`: there are none.
  ///
  /// - Parameter isRatio: whether x is a ratio: then each place counts by its width along log x, for
  ///   they lie closer about 1.
  func meanMagnitude(in range: Range<Double>, isRatio: Bool = false) -> Double? {
    let inside = points.indices.filter { range.contains(points[$0].x) }
    guard !inside.isEmpty else { return nil }
    let widths = inside.map { isRatio ? width(of: $0, in: range) : 1 }
    let sum = zip(inside, widths).reduce(0) { $0 + abs(points[$1.0].mean) * $1.1 }
    return sum / widths.reduce(0, +)
  }

  /// Half the way to either neighbour along log x, or to the end of a range that has none of them.
  private func width(of index: Int, in range: Range<Double>) -> Double {
    let x = points[index].x
    func end(_ neighbour: Int, _ bound: Double) -> Double {
      guard points.indices.contains(neighbour) else { return x }
      return range.contains(points[neighbour].x) ? (points[neighbour].x * x).squareRoot() : bound
    }
    return log(end(index + 1, range.upperBound) / end(index - 1, range.lowerBound))
  }

  /// The signs of w over the places of a range.
  func turn(in range: Range<Double>) -> Favour.Turn {
    let values = points.filter { range.contains($0.x) }.map(\.mean).filter { abs($0) >= 0.005 }
    let turned = values.count { $0 < 0 }
    return turned == 0 ? .none : turned == values.count ? .wholly : .partly
  }

  /// The places of w = 0 alone.
  var isZero: Bool { points.allSatisfy { $0.low == 0 && $0.high == 0 } }
}

/// Two curves: of tokens with a positive advantage and of tokens with a negative one.
package struct SignedCurves: Codable, Equatable, Sendable {
  package let positive: WeightCurve
  package let negative: WeightCurve

  package init(positive: WeightCurve, negative: WeightCurve) {
    (self.positive, self.negative) = (positive, negative)
  }

  init(_ values: [Double], of batch: CurveBatch) {
    positive = WeightCurve(values, of: batch) { $0.isPositive }
    negative = WeightCurve(values, of: batch) { !$0.isPositive }
  }

  var isZero: Bool { positive.isZero && negative.isZero }

  /// Whether w is the same for either sign of A, so that w/A is the other's mirror image.
  var isWithoutAdvantage: Bool { !isZero && positive.isClose(to: negative.mirrored) }
}

/// What plain GRPO does: the yardstick. w/A = r inside a clip of 0.2, and 0 outside where the clip acts.
enum Yardstick {
  private static let clip = 0.2

  static func weight(ratio: Double, isPositive: Bool) -> Double {
    isPositive ? (ratio > 1 + clip ? 0 : ratio) : (ratio < 1 - clip ? 0 : ratio)
  }

  /// Along the ratios, or along probabilities on policy.
  static func curves(along values: [Double], isRatio: Bool) -> SignedCurves {
    func curve(_ isPositive: Bool) -> WeightCurve {
      WeightCurve(
        points: values.map { value in
          let weight = weight(ratio: isRatio ? value : 1, isPositive: isPositive)
          return WeightCurve.Point(x: value, mean: weight, low: weight, high: weight)
        })
    }
    return SignedCurves(positive: curve(true), negative: curve(false))
  }
}
