/// Charts beside each other in one SVG document, small enough to be kept beside a text.
package struct ChartRow {
  private static let gap = 12.0

  private let title: String
  private let charts: [Chart]

  /// - Parameter title: says what all of them are about, for those who don't see them.
  package init(title: String, _ charts: [Chart]) {
    self.title = title
    self.charts = charts
  }

  /// A document in light colours or, where its reader prefers them, in dark ones.
  package var document: String {
    let drawings = charts.map { ChartDrawing($0) }
    let height = drawings.map(\.height).max() ?? 0
    let width =
      charts.reduce(0) { $0 + $1.size.width } + Self.gap * Double(max(0, charts.count - 1))
    var children: [any Markup] = [
      Element("title", [:], [title]),
      Element("style", [:], [OwnCode(Palette.adaptiveRules)]),
      Element(
        "rect",
        ["class": "paper", "width": NumberText.place(width), "height": NumberText.place(height)]),
    ]
    var left = 0.0
    for (chart, drawing) in zip(charts, drawings) {
      var element = drawing.element()
      element.attributes += [
        ("x", NumberText.place(left)), ("width", NumberText.place(chart.size.width)),
        ("height", NumberText.place(drawing.height)),
      ]
      children.append(element)
      left += chart.size.width + Self.gap
    }
    let root = Element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img",
        "viewBox": "0 0 \(NumberText.place(width)) \(NumberText.place(height))",
        "width": NumberText.place(width), "height": NumberText.place(height),
      ], children)
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + root.text + "\n"
  }
}
