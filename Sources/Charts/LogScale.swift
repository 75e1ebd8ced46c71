import Foundation

/// Maps numbers above 0 to places along an axis on which each decade is as wide as the next.
struct LogScale: Scale {
  let domain: ClosedRange<Double>
  let start: Double
  let end: Double

  /// - Parameter domain: a range above 0.
  init(domain: ClosedRange<Double>, start: Double, end: Double) {
    (self.domain, self.start, self.end) = (domain, start, end)
  }

  /// Returns a number's place; one at or below 0 has none of its own, it lies at the axis's lower end.
  func callAsFunction(_ value: Double) -> Double {
    let low = log(domain.lowerBound)
    let width = log(domain.upperBound) - low
    let value = min(max(value, domain.lowerBound), domain.upperBound)
    return start + (end - start) * (width > 0 ? (log(value) - low) / width : 0.5)
  }
}

extension Ticks {
  /// Takes powers of ten, with their halves and fifths where there are few: 1, 2, 5, 10.
  ///
  /// - Parameter data: numbers to cover; those that are not finite or not above 0 are passed over.
  init(logarithmic data: some Sequence<Double>) {
    let above = data.filter { $0.isFinite && $0 > 0 }
    let low = above.min() ?? 1
    let high = above.max() ?? 10
    // A hair beyond a power of ten is rounding.
    let first = Int((log10(low) + 1e-9).rounded(.down))
    let last = max(first + 1, Int((log10(high) - 1e-9).rounded(.up)))
    let decades = last - first
    let stride = max(1, (decades + 5) / 6)
    var values: [Double] = []
    for power in Swift.stride(from: first, through: last, by: stride) {
      for factor in decades < 3 ? [1.0, 2, 5] : [1] {
        values.append(factor * pow(10, Double(power)))
      }
    }
    // From the last tick that is not above the data to the first that is not below it.
    let from = values.last { $0 <= low * (1 + 1e-9) } ?? values[0]
    let to = values.first { $0 >= high * (1 - 1e-9) && $0 > from } ?? max(high, from * 10)
    values = values.filter { $0 >= from && $0 <= to }
    self.init(
      values: values, labels: values.map { NumberText.short($0) }, domain: from...to)
  }
}
