/// Draws a chart as one SVG element.
struct ChartDrawing {
  private static let width = 400.0
  private static let plotHeight = 180.0
  private static let right = 12.0
  private static let letter = 6.5

  private let chart: Chart
  private let ticks: Ticks
  private let columns: Ticks?
  private let legend: ChartLegend
  private let marks: ChartMarks
  private let left: Double
  private let top: Double
  private var bottom: Double { top + Self.plotHeight }

  init(_ chart: Chart) {
    self.chart = chart
    var including: [Double] = []
    if case .numbers(_, let numbers) = chart.y { including = numbers }
    ticks = Ticks(covering: chart.heights + including)
    let widest = ticks.labels.map(\.count).max() ?? 1
    left = 14 + Self.letter * Double(max(2, widest))
    legend = ChartLegend(chart.legend, width: Self.width, top: 32)
    top = 32 + legend.height + 24
    let y = LinearScale(domain: ticks.domain, start: top + Self.plotHeight, end: top)
    switch chart.x {
    case .numbers(_, let numbers):
      let columns = Ticks(covering: chart.widths + numbers, about: 6)
      self.columns = columns
      let data = chart.widths.filter(\.isFinite)
      // The data's own width, not the ticks': a curve fills its plot.
      let low = data.min() ?? columns.domain.lowerBound
      let high = data.max() ?? columns.domain.upperBound
      marks = ChartMarks(
        x: LinearScale(
          domain: low < high ? low...high : columns.domain, start: left,
          end: Self.width - Self.right), y: y, categories: nil)
    case .categories(_, let names):
      columns = nil
      marks = ChartMarks(
        x: LinearScale(
          domain: 0...Double(max(1, names.count)), start: left, end: Self.width - Self.right),
        y: y, categories: names.count)
    }
  }

  /// - Parameter style: the whole style, for a picture that stands alone; `nil`: the page has it.
  func element(style: String? = nil) -> Element {
    let height = bottom + 38
    var children: [any Markup] = [
      Element("title", ["id": chart.id + "-title"], [chart.title])
    ]
    if !chart.summary.isEmpty { children.append(Element("desc", [:], [chart.summary])) }
    if let style {
      children.append(Element("style", [:], [OwnCode(code: style)]))
      children.append(
        Element(
          "rect",
          ["class": "paper", "width": NumberText.place(Self.width), "height": text(height)]))
    }
    children.append(label(chart.title, x: 2, y: 17, class: "heading", anchor: "start"))
    children += legend.elements
    children.append(label(chart.y.label, x: 2, y: top - 12, class: "axis", anchor: "start"))
    children += horizontalRules + columnLabels
    children.append(
      label(
        chart.x.label, x: Self.width - Self.right, y: height - 5, class: "axis", anchor: "end"))
    children += marks.elements(of: chart.layers)
    var element = Element(
      "svg",
      [
        "viewBox": "0 0 \(text(Self.width)) \(text(height))", "role": "img",
        "aria-labelledby": chart.id + "-title", "class": "chart",
      ], children)
    if style != nil { element.attributes.append(("xmlns", "http://www.w3.org/2000/svg")) }
    return element
  }

  private var horizontalRules: [any Markup] {
    zip(ticks.values, ticks.labels).flatMap { value, name -> [any Markup] in
      let y = marks.y(value)
      return [
        Element(
          "line",
          [
            "class": value == 0 ? "rule zero" : "rule", "x1": text(left),
            "x2": text(Self.width - Self.right), "y1": text(y), "y2": text(y),
          ]), label(name, x: left - 5, y: y + 4, class: "tick", anchor: "end"),
      ]
    }
  }

  private var columnLabels: [any Markup] {
    switch chart.x {
    case .numbers:
      guard let columns else { return [] }
      return zip(columns.values, columns.labels).compactMap { value, name in
        guard marks.x.domain.contains(value) else { return nil }
        return label(name, x: marks.x(value), y: bottom + 15, class: "tick", anchor: "middle")
      }
    case .categories(_, let names):
      // Names that are left out give their room to others.
      let shown = names.count { !$0.isEmpty }
      let room = (Self.width - Self.right - left) / Double(max(1, shown))
      let letters = max(3, Int(room / Self.letter))
      return names.enumerated().map { index, name in
        let short = name.count > letters ? name.prefix(letters - 1) + "…" : name[...]
        return label(
          String(short), x: marks.x(Double(index) + 0.5), y: bottom + 15, class: "tick",
          anchor: "middle")
      }
    }
  }

  private func label(
    _ content: String, x: Double, y: Double, class name: String, anchor: String
  ) -> Element {
    Element(
      "text", ["class": name, "x": text(x), "y": text(y), "text-anchor": anchor], [content])
  }

  private func text(_ value: Double) -> String { NumberText.place(value) }
}
