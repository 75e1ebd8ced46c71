/// The marks of a chart's layers, at the places that its scales give.
struct ChartMarks {
  let x: LinearScale
  let y: LinearScale
  /// How many categories share the width; `nil`: x is a number.
  let categories: Int?

  func elements(of layers: [Chart.Layer]) -> [any Markup] {
    // Side by side: the layers that have a mark a category.
    let neighbours = layers.count { layer in
      switch layer {
      case .bars, .intervals, .boxes: true
      case .line, .band, .level: false
      }
    }
    var seat = 0
    return layers.flatMap { layer -> [any Markup] in
      switch layer {
      case .line(let points, let series, let isFaint):
        return line(points, series: series, isFaint: isFaint)
      case .band(let band, let series): return self.band(band, series: series)
      case .level(let level):
        return [
          stroke("level", from: (x.start, y(level)), to: (x.end, y(level)))
        ]
      case .bars(let bars, let series):
        defer { seat += 1 }
        return self.bars(bars, series: series, seat: seat, of: neighbours)
      case .intervals(let intervals, let series):
        defer { seat += 1 }
        return self.intervals(intervals, series: series, seat: seat, of: neighbours)
      case .boxes(let boxes, let series):
        defer { seat += 1 }
        return self.boxes(boxes, series: series, seat: seat, of: neighbours)
      }
    }
  }

  private func line(_ points: [Chart.Point], series: Int, isFaint: Bool) -> [any Markup] {
    let finite = Thinning.thin(points.filter { $0.x.isFinite && $0.y.isFinite })
    guard let first = finite.first else { return [] }
    let name = "line \(color(series))" + (isFaint ? " faint" : "")
    if finite.count == 1 {
      return [
        Element(
          "circle",
          [
            "class": "dot \(color(series))", "cx": text(x(first.x)), "cy": text(y(first.y)),
            "r": "3",
          ])
      ]
    }
    let path = finite.map { text(x($0.x)) + "," + text(y($0.y)) }.joined(separator: " ")
    return [Element("polyline", ["class": name, "points": path])]
  }

  private func band(_ band: [Chart.Band], series: Int) -> [any Markup] {
    let finite = band.filter { $0.low.isFinite && $0.high.isFinite }
    let there = finite.map { text(x($0.x)) + "," + text(y($0.high)) }
    let back = finite.reversed().map { text(x($0.x)) + "," + text(y($0.low)) }
    return [
      Element(
        "polygon",
        [
          "class": "band \(color(series))", "points": (there + back).joined(separator: " "),
        ])
    ]
  }

  /// The middle and width of a mark's seat in its category.
  private func seat(_ category: Int, _ seat: Int, of count: Int) -> (middle: Double, width: Double)
  {
    let width = (x(1) - x(0)) * 0.8 / Double(max(1, count))
    let start = x(Double(category) + 0.1)
    return (start + (Double(seat) + 0.5) * width, min(width, 48))
  }

  private func bars(_ bars: [Double?], series: Int, seat place: Int, of count: Int)
    -> [any Markup]
  {
    bars.enumerated().compactMap { category, value in
      guard let value, value.isFinite else { return nil }
      let (middle, width) = seat(category, place, of: count)
      let (zero, end) = (y(0), y(value))
      return Element(
        "rect",
        [
          "class": "bar \(color(series))", "x": text(middle - width * 0.46),
          "width": text(width * 0.92), "y": text(min(zero, end)), "height": text(abs(zero - end)),
        ], [Element("title", [:], [NumberText.short(value)])])
    }
  }

  private func intervals(
    _ intervals: [Chart.Interval?], series: Int, seat place: Int, of count: Int
  ) -> [any Markup] {
    intervals.enumerated().flatMap { category, interval -> [any Markup] in
      guard let interval, interval.value.isFinite else { return [] }
      let middle = seat(category, place, of: count).middle
      let words =
        NumberText.short(interval.value) + " (" + NumberText.short(interval.low) + " to "
        + NumberText.short(interval.high) + ")"
      return [
        stroke(
          "line \(color(series))", from: (middle, y(interval.low)), to: (middle, y(interval.high))),
        Element(
          "circle",
          [
            "class": "dot \(color(series))", "cx": text(middle), "cy": text(y(interval.value)),
            "r": "4.5",
          ], [Element("title", [:], [words])]),
      ]
    }
  }

  private func boxes(_ boxes: [[Double]], series: Int, seat place: Int, of count: Int)
    -> [any Markup]
  {
    boxes.enumerated().flatMap { category, box -> [any Markup] in
      guard box.count == 5, box.allSatisfy(\.isFinite) else { return [] }
      let (middle, width) = seat(category, place, of: count)
      let half = min(width * 0.35, 18)
      return [
        stroke("line \(color(series))", from: (middle, y(box[0])), to: (middle, y(box[4]))),
        Element(
          "rect",
          [
            "class": "box \(color(series))", "x": text(middle - half), "width": text(2 * half),
            "y": text(y(box[3])), "height": text(max(1, y(box[1]) - y(box[3]))),
          ]),
        stroke(
          "line \(color(series))", from: (middle - half, y(box[2])),
          to: (middle + half, y(box[2]))),
      ]
    }
  }

  private func stroke(
    _ name: String, from start: (Double, Double), to end: (Double, Double)
  ) -> Element {
    Element(
      "line",
      [
        "class": name, "x1": text(start.0), "y1": text(start.1), "x2": text(end.0),
        "y2": text(end.1),
      ])
  }

  private func color(_ series: Int) -> String { "s\(series % Palette.count)" }
  private func text(_ value: Double) -> String { NumberText.place(value) }
}

/// Fewer points of a long line that look the same.
package enum Thinning {
  /// Keeps the lowest and the highest of each of `bins` pieces of a line that has more points.
  package static func thin(_ points: [Chart.Point], bins: Int = 400) -> [Chart.Point] {
    guard points.count > 2 * bins else { return points }
    return (0..<bins).flatMap { bin -> [Chart.Point] in
      let piece = points[bin * points.count / bins..<(bin + 1) * points.count / bins]
      guard let low = piece.min(by: { $0.y < $1.y }), let high = piece.max(by: { $0.y < $1.y })
      else { return [] }
      return low.x < high.x ? [low, high] : low.x > high.x ? [high, low] : [low]
    }
  }
}
