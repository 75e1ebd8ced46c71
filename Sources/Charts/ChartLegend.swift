/// Draws the names of a chart's series with their colours, in as many rows as they need.
struct ChartLegend {
  private static let row = 17.0
  private static let letter = 6.9
  private var entries: [(name: String, series: Int, x: Double, row: Int)] = []
  private let top: Double

  init(_ names: [String], width: Double, top: Double) {
    self.top = top
    var x = 2.0
    var row = 0
    for (series, name) in names.enumerated() {
      let short = name.count > 56 ? String(name.prefix(55)) + "…" : name
      let room = 20 + Self.letter * Double(short.count) + 12
      if x > 2, x + room > width {
        x = 2
        row += 1
      }
      entries.append((short, series, x, row))
      x += room
    }
  }

  var height: Double { entries.last.map { Double($0.row + 1) * Self.row } ?? 0 }

  var elements: [any Markup] {
    entries.flatMap { entry -> [any Markup] in
      let y = top + Double(entry.row) * Self.row
      return [
        Element(
          "line",
          [
            "class": "line \(Palette.series(entry.series))", "x1": NumberText.place(entry.x),
            "x2": NumberText.place(entry.x + 15), "y1": NumberText.place(y),
            "y2": NumberText.place(y), "stroke-width": "5",
          ]),
        Element(
          "text",
          ["class": "key", "x": NumberText.place(entry.x + 20), "y": NumberText.place(y + 4)],
          [entry.name]),
      ]
    }
  }
}
