/// A quantity by step.
package struct Curve {
  package let points: [Chart.Point]

  package init(_ points: [Chart.Point]) { self.points = points }

  /// The number of steps that a mean is over: about a fifteenth of the curve, odd, at least 3.
  package var window: Int { max(3, points.count / 15 | 1) }

  /// Each point's mean with its neighbours; the window is cut at the ends.
  package var smoothed: [Chart.Point] {
    let half = window / 2
    return points.indices.map { index in
      let reach = min(half, index, points.count - 1 - index)
      let near = points[index - reach...index + reach]
      return Chart.Point(
        x: points[index].x, y: near.reduce(0) { $0 + $1.y } / Double(near.count))
    }
  }

  /// The means of the first and the last window.
  package var ends: (first: Double, last: Double)? {
    guard !points.isEmpty else { return nil }
    let count = min(window, points.count)
    func mean(_ part: ArraySlice<Chart.Point>) -> Double {
      part.reduce(0) { $0 + $1.y } / Double(part.count)
    }
    return (mean(points.prefix(count)), mean(points.suffix(count)))
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
