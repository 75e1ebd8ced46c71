import Foundation

/// Counts values in adjacent buckets of one width.
package struct ValueHistogram: Sendable {
  /// The lower limit of the first bucket.
  package let lowest: Double
  /// The width of each bucket.
  package let width: Double
  package private(set) var counts: [Double]
  package private(set) var minimum = Double.infinity
  package private(set) var maximum = -Double.infinity
  package private(set) var sum = 0.0
  package private(set) var squares = 0.0

  /// - Precondition: there is at least one bucket, and the width is positive.
  package init(from lowest: Double, width: Double, buckets: Int) {
    self.lowest = lowest
    self.width = width
    counts = [Double](repeating: 0, count: buckets)
  }

  /// Makes buckets from the least to the largest of finite values; one bucket if they are all
  /// equal.
  package init(of values: [Float], buckets: Int) {
    let (least, largest) = (Double(values.min() ?? 0), Double(values.max() ?? 0))
    let width = (largest - least) / Double(buckets)
    // Floats can be too near each other for so many doubles to lie between them.
    let isSpread = least + width > least
    self.init(from: least, width: isSpread ? width : 1, buckets: isSpread ? buckets : 1)
    for value in values { add(Double(value)) }
  }

  /// The number of values counted.
  package var count: Double { counts.reduce(0, +) }

  /// The buckets from the first to the last that holds a value.
  package var used: Range<Int> {
    guard let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return 0..<0 }
    return first..<last + 1
  }

  /// Counts a value. A value outside the buckets falls into the nearest; one that is not finite
  /// isn't counted.
  package mutating func add(_ value: Double) {
    guard value.isFinite else { return }
    let place = min(max((value - lowest) / width, 0), Double(counts.count - 1))
    counts[Int(place)] += 1
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum += value
    squares += value * value
  }
}
