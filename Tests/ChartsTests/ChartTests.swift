import Charts
import Foundation
import Testing

/// Layers of a chart, as they are drawn.
@Suite struct ChartTests {
  private func numbers(_ name: String, in text: String) -> [Double] {
    text.components(separatedBy: " \(name)=\"").dropFirst().compactMap {
      Double($0.prefix { $0 != "\"" })
    }
  }

  @Test func `categories as rows put numbers along x`() throws {
    let chart = Chart(
      id: "t", title: "T", x: .numbers("r"), y: .categories("word", ["a", "b", "c"]),
      layers: [
        .level(0),
        .intervals(
          [
            Chart.Interval(value: -1, low: -2, high: .nan), nil,
            Chart.Interval(value: 1, low: 0.5, high: 2),
          ], series: 0),
      ])
    let text = chart.document
    let (x, y) = (numbers("cx", in: text), numbers("cy", in: text))
    try #require(x.count == 2)
    #expect(x[0] < x[1] && y[0] < y[1])
    // The end that isn't a number is no whisker's; the level stands upright between the dots.
    #expect(text.components(separatedBy: "class=\"line s0\"").count == 2)
    let level = try #require(text.components(separatedBy: "class=\"level\"").last)
    #expect(numbers("x1", in: level)[0] == numbers("x2", in: level)[0])
    #expect(abs(numbers("x1", in: level)[0] - (x[0] + x[1]) / 2) < 0.02)
    #expect(!text.contains("nan"))
    #expect(text.contains("a −1, b –, c 1 (0.5 to 2)."))
  }

  @Test func `series beyond the last colour are told apart by dashes`() {
    let points = (0..<3).map { Chart.Point(x: Double($0), y: Double($0)) }
    let chart = Chart(
      id: "t", title: "T", x: .numbers("x"), y: .numbers("y"),
      layers: (0..<7).map { .line(points, series: $0) }, legend: (0..<7).map { "\($0)" })
    let text = chart.document
    #expect(text.components(separatedBy: "class=\"line s0\"").count == 3)
    #expect(text.components(separatedBy: "class=\"line s0 again\"").count == 3)
  }
}
