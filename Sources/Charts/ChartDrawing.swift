extension Chart {
  /// The chart as an SVG element of a page whose style has the chart's rules.
  package var element: Element { ChartDrawing(self).element() }

  /// An SVG document with its own style, in light colours.
  package var document: String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + ChartDrawing(self).element(style: Palette.standaloneRules).text + "\n"
  }
}

/// Draws a chart as one SVG element.
struct ChartDrawing {
  private let chart: Chart
  private let frame: ChartFrame
  private let legend: ChartLegend
  private let colors: ColorScale?

  init(_ chart: Chart) {
    self.chart = chart
    legend = ChartLegend(chart.legend, width: chart.size.width, top: 32)
    colors =
      chart.layers.lazy.compactMap { if case .cells(_, let scale) = $0 { scale } else { nil } }
      .first
    frame = ChartFrame(chart, head: 32 + (colors == nil ? legend.height : 17))
  }

  var height: Double { frame.bottom + 42 }

  /// - Parameter style: the whole style, for a picture that stands alone; `nil`: the page has it.
  func element(style: String? = nil) -> Element {
    let height = height
    let alternative = ChartWords(chart).text
    var children: [any Markup] = [
      Element("title", ["id": chart.id + "-title"], [chart.title]),
      // A page has the caption beside the chart.
      Element(
        "desc", ["id": chart.id + "-words"],
        [style == nil || chart.caption.isEmpty ? alternative : chart.caption + " " + alternative]),
    ]
    if let style {
      children.append(Element("style", [:], [OwnCode(style)]))
      children.append(
        Element(
          "rect", ["class": "paper", "width": text(chart.size.width), "height": text(height)]))
    }
    children.append(label(chart.title, x: 2, y: 17, class: "heading", anchor: "start"))
    children += colors?.key(top: 32) ?? legend.elements
    children.append(label(chart.y.label, x: 2, y: frame.top - 12, class: "axis", anchor: "start"))
    children += rows + columns
    children.append(
      label(
        chart.x.label, x: chart.size.width - ChartFrame.right, y: height - 5, class: "axis",
        anchor: "end"))
    children += ChartMarks(chart, frame).elements
    var element = Element(
      "svg",
      [
        "viewBox": "0 0 \(text(chart.size.width)) \(text(height))", "role": "img",
        "aria-labelledby": chart.id + "-title", "aria-describedby": chart.id + "-words",
        "class": "chart",
      ], children)
    if style != nil {
      element.attributes += [
        ("xmlns", "http://www.w3.org/2000/svg"), ("width", text(chart.size.width)),
        ("height", text(height)),
      ]
    }
    return element
  }

  private var rows: [any Markup] {
    if let names = chart.y.names {
      return names.enumerated().map { index, name in
        label(
          name.count > ChartFrame.longestName
            ? name.prefix(ChartFrame.longestName - 1) + "…" : name, x: frame.left - 6,
          y: frame.y(Double(index) + 0.5) + 4, class: "tick", anchor: "end")
      }
    }
    guard let ticks = frame.rows else { return [] }
    return zip(ticks.values, ticks.labels).flatMap { value, name -> [any Markup] in
      let y = frame.y(value)
      return [
        rule(value, from: (frame.left, y), to: (chart.size.width - ChartFrame.right, y)),
        label(name, x: frame.left - 5, y: y + 4, class: "tick", anchor: "end"),
      ]
    }
  }

  private var columns: [any Markup] {
    let y = frame.bottom + 19
    guard let ticks = frame.columns else {
      return CategoryLabels(chart.x.names ?? [], from: frame.x.start, to: frame.x.end).labels.map {
        label($0.text, x: $0.x, y: y, class: "tick", anchor: $0.anchor)
      }
    }
    return zip(ticks.values, ticks.labels).flatMap { value, name -> [any Markup] in
      let x = frame.x(value)
      let text = label(name, x: x, y: y, class: "tick", anchor: "middle")
      guard chart.isSideways else { return [text] }
      return [rule(value, from: (x, frame.top), to: (x, frame.bottom)), text]
    }
  }

  private func rule(_ value: Double, from: (Double, Double), to: (Double, Double)) -> Element {
    Element(
      "line",
      [
        "class": value == 0 ? "rule zero" : "rule", "x1": text(from.0), "x2": text(to.0),
        "y1": text(from.1), "y2": text(to.1),
      ])
  }

  private func label(
    _ content: String, x: Double, y: Double, class name: String, anchor: String
  ) -> Element {
    Element(
      "text", ["class": name, "x": text(x), "y": text(y), "text-anchor": anchor], [content])
  }

  private func text(_ value: Double) -> String { NumberText.place(value) }
}
