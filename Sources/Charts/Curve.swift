/// A quantity by step.
package struct Curve {
  package let points: [Chart.Point]

  package init(_ points: [Chart.Point]) { self.points = points }

  /// The number of steps that a mean is over: about a fifteenth of the curve, odd, at least 3; 1
  /// where the first and the last three would overlap.
  package var window: Int { points.count < 6 ? 1 : max(3, points.count / 15 | 1) }

  /// Each point's mean with its neighbours, in a window that stays within the curve: the line begins
  /// and ends with the means of the first and the last window.
  package var smoothed: [Chart.Point] {
    points.indices.map { index in
      let first = min(max(0, index - window / 2), points.count - window)
      return Chart.Point(x: points[index].x, y: mean(of: points[first..<first + window]))
    }
  }

  /// The means of the first and the last window.
  package var ends: (first: Double, last: Double)? {
    guard !points.isEmpty else { return nil }
    return (mean(of: points.prefix(window)), mean(of: points.suffix(window)))
  }

  private func mean(of part: ArraySlice<Chart.Point>) -> Double {
    part.reduce(0) { $0 + $1.y } / Double(part.count)
  }

  /// Returns the mean curve of several, with the lowest and the highest at each step that all have.
  package static func envelope(_ curves: [[Chart.Point]]) -> (
    mean: [Chart.Point], band: [Chart.Band]
  ) {
    var values: [Double: [Double]] = [:]
    for curve in curves { for point in curve { values[point.x, default: []].append(point.y) } }
    let steps = values.keys.filter { values[$0]?.count == curves.count }.sorted()
    return (
      steps.map { step in
        let all = values[step] ?? []
        return Chart.Point(x: step, y: all.reduce(0, +) / Double(all.count))
      },
      steps.map { step in
        let all = values[step] ?? []
        return Chart.Band(x: step, low: all.min() ?? .nan, high: all.max() ?? .nan)
      }
    )
  }
}
