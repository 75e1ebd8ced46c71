/// Says a chart in words, for those who don't see it: its axes, and its numbers.
struct ChartWords {
  private let chart: Chart

  init(_ chart: Chart) { self.chart = chart }

  var text: String {
    let axes = "Along x: \(chart.x.label). Along y: \(chart.y.label)."
    return ([axes] + chart.layers.compactMap(words)).joined(separator: " ")
  }

  private func words(_ layer: Chart.Layer) -> String? {
    switch layer {
    case .line(let points, let series, let isFaint):
      return isFaint ? nil : line(points, series)
    case .band: return nil
    case .dots(let points, let series): return name(series) + "dots: \(points.count)."
    case .bars(let bars, let series, _): return list(bars, series)
    case .intervals(let intervals, let series):
      return name(series)
        + zip(categories, intervals).map { category, interval in
          guard let interval, interval.value.isFinite else { return "\(category) –" }
          return "\(category) \(interval.words)"
        }.joined(separator: ", ") + "."
    case .boxes(let boxes, let series):
      return "Medians: " + list(boxes.map { $0.count == 5 ? $0[2] : nil }, series)
    case .columns(let columns, let range, _):
      guard let most = columns.indices.max(by: { columns[$0] < columns[$1] }) else { return nil }
      let width = (range.upperBound - range.lowerBound) / Double(columns.count)
      let low = range.lowerBound + Double(most) * width
      return "Columns: \(columns.count), the highest from \(NumberText.short(low)) to"
        + " \(NumberText.short(low + width)): \(NumberText.short(columns[most]))."
    case .cells(let cells, let scale):
      return scale.label + ". "
        + zip(chart.y.names ?? [], cells).map { row, values in
          row + ": "
            + zip(chart.x.names ?? [], values).map { "\($0) \(NumberText.short($1, digits: 2))" }
            .joined(separator: ", ") + "."
        }.joined(separator: " ")
    case .level(let level): return "Dashed line at \(NumberText.short(level))."
    case .upright(let place, let label):
      return "Dashed line at \(NumberText.short(place)): \(label)."
    }
  }

  private var categories: [String] { (chart.isSideways ? chart.y : chart.x).names ?? [] }

  private func name(_ series: Int) -> String {
    chart.legend.indices.contains(series) ? chart.legend[series] + ": " : ""
  }

  private func list(_ values: [Double?], _ series: Int) -> String {
    name(series)
      + zip(categories, values).map { "\($0) \(NumberText.short($1 ?? .nan))" }
      .joined(separator: ", ") + "."
  }

  private func line(_ points: [Chart.Point], _ series: Int) -> String? {
    let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
    guard let first = finite.first, let last = finite.last else { return nil }
    func place(_ x: Double) -> String {
      let index = Int(x.rounded(.down))
      if let names = chart.x.names { return names.indices.contains(index) ? names[index] : "–" }
      return NumberText.short(x)
    }
    let heights = finite.map(\.y)
    return name(series)
      + "from \(NumberText.short(first.y)) at \(place(first.x)) to \(NumberText.short(last.y)) at"
      + " \(place(last.x)), lowest \(NumberText.short(heights.min() ?? .nan)), highest"
      + " \(NumberText.short(heights.max() ?? .nan))."
  }
}
