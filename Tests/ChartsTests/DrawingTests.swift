import Charts
import Foundation
import Testing

@Suite struct MarkupTests {
  @Test func `texts and attributes are escaped, also what HTML forbids altogether`() {
    let element = Element(
      "p", ["title": "\"a' <b>"], ["<script>alert(1)</script> & \u{0}\u{1B}\u{85}\u{FFFF}\r\n"])
    #expect(
      element.text
        == "<p title=\"&quot;a&#39; &lt;b&gt;\">&lt;script&gt;alert(1)&lt;/script&gt; &amp;"
        + " \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}&#13;\n</p>")
  }

  @Test func `elements without content are closed at once, others never`() {
    #expect(Element("br").text == "<br/>")
    #expect(Element("div").text == "<div></div>")
  }
}

@Suite struct TicksTests {
  @Test(arguments: [
    (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (-0.03, 0.11, ["−0.05", "0.00", "0.05", "0.10", "0.15"]),
    (3, 47, ["0", "10", "20", "30", "40", "50"]),
    (5, 5, ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]),
    (0, 0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
    (0, 2e-6, ["0", "5e-07", "1e-06", "1.5e-06", "2e-06"]),
  ])
  func `ticks are round and cover the data`(low: Double, high: Double, labels: [String]) {
    let ticks = Ticks(covering: [low, high])
    #expect(ticks.labels == labels)
    #expect(ticks.domain.lowerBound <= low + 1e-12 && ticks.domain.upperBound >= high - 1e-12)
  }

  @Test func `numbers that are not finite don't matter`() {
    #expect(Ticks(covering: [.nan, 0, .infinity, 1]) == Ticks(covering: [0, 1]))
    #expect(Ticks(covering: [Double.nan]).values.count > 1)
  }

  @Test func `any data has between 2 and 12 ticks`() {
    for power in stride(from: -12.0, through: 12, by: 0.37) {
      let ticks = Ticks(covering: [-pow(10, power) / 3, pow(10, power)])
      #expect((2...12).contains(ticks.values.count), "10^\(power)")
    }
  }
}

@Suite struct CurveTests {
  private func curve(_ values: [Double]) -> Curve {
    Curve(values.enumerated().map { Chart.Point(x: Double($0 + 1), y: $1) })
  }

  @Test func `smoothing keeps a straight line and its ends, and takes out what alternates`() {
    let line = curve((0..<60).map(Double.init))
    #expect(line.window == 5)
    for (smooth, raw) in zip(line.smoothed, line.points) {
      #expect(abs(smooth.y - raw.y) < 1e-12 && smooth.x == raw.x)
    }
    let noise = curve((0..<60).map { $0 % 2 == 0 ? 1 : -1 })
    #expect(noise.smoothed[5...50].allSatisfy { abs($0.y) <= 0.2 + 1e-12 })
  }

  @Test func `the band over seeds is over the steps that all have`() {
    let (mean, band) = Curve.envelope([
      curve([1, 2, 3]).points, curve([3, 6]).points,
    ])
    #expect(mean == [Chart.Point(x: 1, y: 2), Chart.Point(x: 2, y: 4)])
    #expect(band.map(\.low) == [1, 2])
    #expect(band.map(\.high) == [3, 6])
  }

  @Test func `a long line keeps its extremes and its order`() {
    var points = (0..<10_000).map { Chart.Point(x: Double($0), y: 0) }
    points[1234] = Chart.Point(x: 1234, y: 9)
    points[1235] = Chart.Point(x: 1235, y: -9)
    let thin = Thinning.thin(points)
    #expect(thin.count <= 800)
    #expect(thin.contains(points[1234]) && thin.contains(points[1235]))
    #expect(thin.map(\.x) == thin.map(\.x).sorted())
    #expect(Thinning.thin(Array(points.prefix(700))).count == 700)
  }
}
