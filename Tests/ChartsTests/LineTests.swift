import Charts
import Testing

/// Curves, and lines of many points.
@Suite struct LineTests {
  private func curve(_ values: [Double]) -> Curve {
    Curve(values.enumerated().map { Chart.Point(x: Double($0 + 1), y: $1) })
  }

  @Test func `smoothing keeps a straight line, and takes out what alternates`() throws {
    let line = curve((0..<60).map(Double.init))
    #expect(line.window == 5)
    for (smooth, raw) in zip(line.smoothed, line.points).dropFirst(2).dropLast(2) {
      #expect(abs(smooth.y - raw.y) < 1e-12 && smooth.x == raw.x)
    }
    #expect(line.smoothed.map(\.x) == line.points.map(\.x))
    let noise = curve((0..<60).map { $0 % 2 == 0 ? 1 : -1 })
    #expect(noise.smoothed.allSatisfy { abs($0.y) <= 0.2 + 1e-12 })
  }

  @Test func `the bold line begins and ends with the means of its ends`() throws {
    for count in [1, 2, 5, 6, 7, 60, 400] {
      let curve = curve((0..<count).map { Double($0 * $0 % 17) })
      let ends = try #require(curve.ends)
      #expect(curve.smoothed.first?.y == ends.first, "\(count)")
      #expect(curve.smoothed.last?.y == ends.last, "\(count)")
      #expect(curve.smoothed.count == count)
    }
    // Of few steps, each is itself.
    #expect(curve([4, 1, 5, 2, 8]).smoothed == curve([4, 1, 5, 2, 8]).points)
  }

  @Test func `the ends are means of a window each`() throws {
    let ends = try #require(curve([1, 2, 3, 10, 20, 30]).ends)
    #expect(ends == (first: 2, last: 20))
    let one = try #require(curve([4]).ends)
    #expect(one == (first: 4, last: 4))
    #expect(curve([]).ends == nil)
  }

  @Test func `the band over seeds is over the steps that all have`() throws {
    let (mean, band) = Curve.envelope([curve([1, 2, 3]).points, curve([3, 6]).points])
    #expect(mean == [Chart.Point(x: 1, y: 2), Chart.Point(x: 2, y: 4)])
    #expect(band.map(\.low) == [1, 2])
    #expect(band.map(\.high) == [3, 6])
  }

  private func line(_ points: [Chart.Point]) throws -> [(x: Double, y: Double)] {
    let drawing = try Drawing(
      Chart(
        id: "t", title: "T", x: .numbers("x"), y: .numbers("y"),
        layers: [.line(points, series: 0)]))
    return try #require(drawing.marks.first { $0.name == "polyline" }).points
  }

  @Test func `a long line keeps its extremes and its order`() throws {
    var points = (0..<10_000).map { Chart.Point(x: Double($0), y: 0) }
    points[1234] = Chart.Point(x: 1234, y: 9)
    points[1235] = Chart.Point(x: 1235, y: -9)
    let thin = try line(points)
    #expect(thin.count <= 800)
    // Ticks are from −10 to 10; the highest and the lowest point are 18 apart.
    let heights = thin.map(\.y)
    let level = try #require(thin.first?.y)
    #expect(abs((level - (heights.min() ?? 0)) - ((heights.max() ?? 0) - level)) < 0.02)
    #expect((heights.max() ?? 0) - (heights.min() ?? 0) > 100)
    #expect(thin.map(\.x) == thin.map(\.x).sorted())
    #expect(try line(Array(points.prefix(700))).count == 700)
  }
}
