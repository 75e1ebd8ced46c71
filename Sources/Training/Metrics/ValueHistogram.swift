import Foundation

/// How often values fall into each of some buckets, side by side and of one width.
package struct ValueHistogram: Sendable {
  /// The lower limit of the first bucket.
  package let lowest: Double
  /// Of each bucket.
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

  /// Buckets from the least to the largest of finite values; one alone if they are all equal.
  package init(of values: [Float], buckets: Int) {
    let (least, largest) = (Double(values.min() ?? 0), Double(values.max() ?? 0))
    let width = (largest - least) / Double(buckets)
    // Floats can be too near each other for that many doubles, too.
    let isSpread = least + width > least
    self.init(from: least, width: isSpread ? width : 1, buckets: isSpread ? buckets : 1)
    for value in values { add(Double(value)) }
  }

  /// How many values there are.
  package var count: Double { counts.reduce(0, +) }

  /// The buckets from the first to the last that holds a value.
  package var used: Range<Int> {
    guard let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return 0..<0 }
    return first..<last + 1
  }

  /// Counts a value; one outside the buckets falls into the nearest, one that is not finite into
  /// none.
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
