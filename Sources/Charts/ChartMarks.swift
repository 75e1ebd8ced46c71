/// Draws the marks of a chart's layers, at the places that its frame gives.
struct ChartMarks {
  private let chart: Chart
  private let frame: ChartFrame
  private var x: any Scale { frame.x }
  private var y: any Scale { frame.y }

  init(_ chart: Chart, _ frame: ChartFrame) { (self.chart, self.frame) = (chart, frame) }

  var elements: [any Markup] {
    var marks = CategoryMarks(
      places: chart.isSideways ? y : x, values: chart.isSideways ? x : y,
      isSideways: chart.isSideways, seats: chart.seats)
    return chart.layers.flatMap { layer -> [any Markup] in
      switch layer {
      case .line(let points, let series, let isFaint):
        return line(points, series: series, isFaint: isFaint)
      case .band(let band, let series): return self.band(band, series: series)
      case .dots(let points, let series): return [dots(points, series: series)]
      case .columns(let columns, let range, let series):
        return self.columns(columns, over: range, series: series)
      case .cells(let cells, let scale):
        return CellMarks(x: x, y: y, columns: chart.x.names ?? [], rows: chart.y.names ?? [])
          .elements(cells, scale)
      case .level(let level):
        return [
          chart.isSideways
            ? stroke("level", from: (x(level), y.start), to: (x(level), y.end))
            : stroke("level", from: (x.start, y(level)), to: (x.end, y(level)))
        ]
      case .upright(let place, let name): return upright(place, name)
      case .bars(let bars, let series, let whiskers):
        return marks.bars(bars, series: series, whiskers: whiskers)
      case .intervals(let intervals, let series):
        return marks.intervals(intervals, series: series)
      case .boxes(let boxes, let series): return marks.boxes(boxes, series: series)
      }
    }
  }

  /// The most points of a line that are shown each by a dot.
  private static let fewPoints = 8

  private func line(_ points: [Chart.Point], series: Int, isFaint: Bool) -> [any Markup] {
    let finite = Thinning.thin(points.filter { $0.x.isFinite && $0.y.isFinite })
    let name = "line \(Palette.series(series))" + (isFaint ? " faint" : "")
    let path = finite.map { text(x($0.x)) + "," + text(y($0.y)) }.joined(separator: " ")
    var result: [any Markup] =
      finite.count > 1 ? [Element("polyline", ["class": name, "points": path])] : []
    guard !isFaint, chart.size.hasDots, finite.count <= Self.fewPoints else { return result }
    for point in finite {
      result.append(
        Element(
          "circle",
          [
            "class": "dot \(Palette.series(series))", "cx": text(x(point.x)),
            "cy": text(y(point.y)), "r": "3",
          ]))
    }
    return result
  }

  private func band(_ band: [Chart.Band], series: Int) -> [any Markup] {
    let finite = band.filter { $0.low.isFinite && $0.high.isFinite }
    let there = finite.map { text(x($0.x)) + "," + text(y($0.high)) }
    let back = finite.reversed().map { text(x($0.x)) + "," + text(y($0.low)) }
    return [
      Element(
        "polygon",
        [
          "class": "band \(Palette.series(series))",
          "points": (there + back).joined(separator: " "),
        ])
    ]
  }

  /// Returns one path for all: a stroke without length is a dot.
  private func dots(_ points: [Chart.Point], series: Int) -> Element {
    let path = points.filter { $0.x.isFinite && $0.y.isFinite }
      .map { "M\(text(x($0.x))) \(text(y($0.y)))h0" }.joined()
    return Element("path", ["class": "dots \(Palette.series(series))", "d": path])
  }

  private func columns(_ columns: [Double], over range: ClosedRange<Double>, series: Int)
    -> [any Markup]
  {
    let width = (range.upperBound - range.lowerBound) / Double(max(1, columns.count))
    return columns.enumerated().compactMap { index, value in
      guard value.isFinite else { return nil }
      let low = range.lowerBound + Double(index) * width
      let (left, right) = (x(low), x(low + width))
      let title =
        "\(NumberText.short(low)) to \(NumberText.short(low + width)): \(NumberText.short(value))"
      return Element(
        "rect",
        [
          "class": "bar \(Palette.series(series))", "x": text(left + 0.5),
          "width": text(max(0.5, right - left - 1)), "y": text(min(y(0), y(value))),
          "height": text(abs(y(0) - y(value))),
        ], [Element("title", [:], [title])])
    }
  }

  /// Returns a line whose name stands on the side where there is more room.
  private func upright(_ place: Double, _ name: String) -> [any Markup] {
    let at = x(place)
    let isLeft = at < (x.start + x.end) / 2
    return [
      stroke("level", from: (at, frame.bottom), to: (at, frame.top)),
      Element(
        "text",
        [
          "class": "axis", "x": text(isLeft ? at + 4 : at - 4), "y": text(frame.top + 10),
          "text-anchor": isLeft ? "start" : "end",
        ], [name]),
    ]
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

  private func text(_ value: Double) -> String { NumberText.place(value) }
}

/// Takes fewer points of a long line that look the same.
enum Thinning {
  /// Keeps the lowest and the highest of each of `bins` pieces of a line that has more points.
  static func thin(_ points: [Chart.Point], bins: Int = 400) -> [Chart.Point] {
    guard points.count > 2 * bins else { return points }
    return (0..<bins).flatMap { bin -> [Chart.Point] in
      let piece = points[bin * points.count / bins..<(bin + 1) * points.count / bins]
      guard let low = piece.min(by: { $0.y < $1.y }), let high = piece.max(by: { $0.y < $1.y })
      else { return [] }
      return low.x < high.x ? [low, high] : low.x > high.x ? [high, low] : [low]
    }
  }
}
