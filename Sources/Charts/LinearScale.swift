import Foundation

/// Maps numbers to places along an axis.
protocol Scale {
  var start: Double { get }
  var end: Double { get }
  func callAsFunction(_ value: Double) -> Double
}

/// Maps numbers to places along an axis on which equal differences are equally wide.
struct LinearScale: Scale {
  let domain: ClosedRange<Double>
  let start: Double
  let end: Double

  func callAsFunction(_ value: Double) -> Double {
    let width = domain.upperBound - domain.lowerBound
    return start + (end - start) * (width > 0 ? (value - domain.lowerBound) / width : 0.5)
  }
}

extension Chart.Axis {
  fileprivate var isWhole: Bool { if case .wholeNumbers = self { true } else { false } }

  /// The numbers that the axis must reach.
  var including: [Double] {
    if case .numbers(_, let numbers, _) = self { numbers } else { [] }
  }

  /// The range that the axis leaves only where the data do.
  fileprivate var bounds: ClosedRange<Double> {
    if case .numbers(_, _, let bounds?) = self { bounds } else { -.infinity ... .infinity }
  }
}

/// Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.
struct Ticks: Equatable {
  let values: [Double]
  let labels: [String]
  /// The range from the first to the last tick: all of the data lies within.
  let domain: ClosedRange<Double>

  init(values: [Double], labels: [String], domain: ClosedRange<Double>) {
    (self.values, self.labels, self.domain) = (values, labels, domain)
  }

  /// - Parameters:
  ///   - data: numbers to cover; those that are not finite are passed over.
  ///   - axis: tells what the numbers are.
  init(covering data: some Sequence<Double>, of axis: Chart.Axis, about count: Int = 5) {
    let finite = data.filter(\.isFinite)
    var low = finite.min() ?? 0
    var high = finite.max() ?? 1
    // Less than a float can tell apart is one value.
    if high - low <= max(abs(low), abs(high)) * 1e-9 {
      let margin = low == 0 || axis.isWhole ? 1 : abs(low) * 0.1
      let bounds = axis.bounds
      (low, high) = (
        bounds.contains(low) ? max(bounds.lowerBound, low - margin) : low - margin,
        bounds.contains(high) ? min(bounds.upperBound, high + margin) : high + margin
      )
    }
    let width = (high - low) / Double(max(1, count))
    let step = Self.step(atLeast: axis.isWhole ? max(1, width) : width)
    let first = (low / step + 1e-9).rounded(.down)
    let last = (high / step - 1e-9).rounded(.up)
    values = stride(from: first, through: last, by: 1).map { $0 * step }
    domain = first * step...last * step
    let decimals = max(0, -Int((log10(step) + 1e-9).rounded(.down)))
    let largest = max(abs(first), abs(last)) * step
    labels = values.map { value in
      decimals > 4 || largest >= 1e6
        ? NumberText.short(value) : NumberText.fixed(value == 0 ? 0 : value, decimals: decimals)
    }
  }

  private static func step(atLeast width: Double) -> Double {
    let power = pow(10, log10(width).rounded(.down))
    let factor = [1, 2, 5].first { $0 * power >= width * (1 - 1e-9) } ?? 10
    return factor * power
  }
}
