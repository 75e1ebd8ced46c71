import Charts
import Testing

/// Small charts beside each other, in a document of their own.
@Suite struct RowTests {
  private func chart(_ id: String) -> Chart {
    var chart = Chart(
      id: id, title: "w/A", x: .logarithm("r"), y: .numbers("", including: [0]),
      layers: [
        .line([0.25, 0.5, 1, 2, 4].map { Chart.Point(x: $0, y: $0) }, series: 0),
        .line([0.25, 4].map { Chart.Point(x: $0, y: 1) }, series: 0, isFaint: true),
      ])
    chart.size = .small
    return chart
  }

  @Test func `equal ratios are equally far apart`() throws {
    let line = try #require(try Drawing(chart("a")).marks.first { $0.name == "polyline" }).points
    #expect(line.count == 5)
    let steps = zip(line, line.dropFirst()).map { $1.x - $0.x }
    #expect(steps.allSatisfy { abs($0 - steps[0]) < 0.02 })
    #expect(try Drawing(chart("a")).columns.map(\.text) == ["0.5", "1", "2"])
    // Small ones have no dots, however few their points.
    #expect(try Drawing(chart("a")).marks("dot").isEmpty)
  }

  @Test func `charts stand side by side, in the colours that their reader prefers`() {
    let document = ChartRow(title: "A & B", [chart("a"), chart("b")]).document
    #expect(document.contains("viewBox=\"0 0 492 "))
    #expect(document.contains("<title>A &amp; B</title>"))
    #expect(document.contains("x=\"252\""))
    #expect(document.contains("@media(prefers-color-scheme:dark){"))
    // Colours are written out: not every program knows variables.
    #expect(!document.contains("var("))
    #expect(document.utf8.count < 6000)
  }
}
