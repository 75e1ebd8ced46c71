import Charts
import Foundation
import Testing

/// Ticks and places along an axis, as they are drawn.
@Suite struct ScaleTests {
  /// Dots at some heights.
  private func drawing(_ y: Chart.Axis, _ heights: [Double]) throws -> Drawing {
    try Drawing(
      Chart(
        id: "t", title: "T", x: .numbers("x"), y: y,
        layers: [.line(heights.enumerated().map { .init(x: Double($0), y: $1) }, series: 0)]))
  }

  /// Whether all dots lie between the lowest and the highest tick; a tick's name is 4 below its place.
  private func isCovered(_ drawing: Drawing) -> Bool {
    guard let low = drawing.rows.first?.number("y"), let high = drawing.rows.last?.number("y")
    else { return false }
    let dots = drawing.marks("dot").map { $0.number("cy") }
    return !dots.isEmpty && dots.allSatisfy { $0 <= low - 3.98 && $0 >= high - 4.02 }
  }

  @Test(arguments: [
    (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    (-0.03, 0.11, ["−0.05", "0.00", "0.05", "0.10", "0.15"]),
    (3, 47, ["0", "10", "20", "30", "40", "50"]),
    (5, 5, ["4.4", "4.6", "4.8", "5.0", "5.2", "5.4", "5.6"]),
    (0, 0, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
    (0, 2e-6, ["0", "5e-07", "1e-06", "1.5e-06", "2e-06"]),
  ])
  func `ticks are round and cover the data`(low: Double, high: Double, labels: [String]) throws {
    let drawing = try drawing(.numbers("y"), [low, high])
    #expect(drawing.rows.map(\.text) == labels)
    #expect(isCovered(drawing))
  }

  @Test func `numbers that are not finite don't matter`() throws {
    #expect(
      try drawing(.numbers("y"), [.nan, 0, .infinity, 1]).rows.map(\.text)
        == drawing(.numbers("y"), [0, 1]).rows.map(\.text))
    #expect(try drawing(.numbers("y"), [.nan]).rows.count > 1)
  }

  @Test(arguments: [
    ([0.0], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([1], ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]),
    ([0.5], ["0.44", "0.46", "0.48", "0.50", "0.52", "0.54", "0.56"]),
    ([0, 1.0000000000000002], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([0.2, 1.5], ["0.0", "0.5", "1.0", "1.5"]),
  ])
  func `an axis of shares is left only by the data`(heights: [Double], labels: [String]) throws {
    let drawing = try drawing(.numbers("y", within: 0...1), heights)
    #expect(drawing.rows.map(\.text) == labels)
    #expect(isCovered(drawing))
  }

  @Test(arguments: [
    (1, 1, ["0", "1", "2"]), (1, 2, ["1", "2"]), (1, 3, ["1", "2", "3"]),
    (1, 6, ["1", "2", "3", "4", "5", "6"]), (1, 60, ["10", "20", "30", "40", "50", "60"]),
    (41, 44, ["41", "42", "43", "44"]),
  ])
  func `steps have ticks at whole steps alone`(first: Int, last: Int, labels: [String]) throws {
    let points = (first...last).map { Chart.Point(x: Double($0), y: 1) }
    let drawing = try Drawing(
      Chart(
        id: "t", title: "T", x: .wholeNumbers("step"), y: .numbers("y"),
        layers: [.line(points, series: 0)]))
    #expect(drawing.columns.map(\.text) == labels)
  }

  @Test func `any data has between 2 and 12 ticks`() throws {
    for power in stride(from: -12.0, through: 12, by: 0.37) {
      let drawing = try drawing(.numbers("y"), [-pow(10, power) / 3, pow(10, power)])
      #expect((2...12).contains(drawing.rows.count), "10^\(power)")
      #expect(isCovered(drawing), "10^\(power)")
    }
  }

  @Test(arguments: [
    (0.2, 6.0, ["0.2", "0.5", "1", "2", "5", "10"]),
    (1, 10, ["1", "2", "5", "10"]),
    (0.003, 800, ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
    (3, 3, ["2", "5"]),
  ]) func `logarithmic ticks are powers of ten, with 1, 2, 5 where there are few`(
    low: Double, high: Double, labels: [String]
  ) throws {
    let drawing = try drawing(.logarithm("y"), [low, high, 0, -1, .nan, .infinity])
    #expect(drawing.rows.map(\.text) == labels)
    #expect(isCovered(drawing))
  }

  @Test func `any data has between 2 and 10 logarithmic ticks, and lies on the axis`() throws {
    for power in stride(from: 0.01, through: 30, by: 0.37) {
      let (low, high) = (pow(10, -power / 3), pow(10, power))
      let drawing = try drawing(.logarithm("y"), [low, (low * high).squareRoot(), high])
      #expect((2...10).contains(drawing.rows.count), "10^\(power)")
      // What the axis doesn't reach would lie at its end, and the middle not between the others.
      let dots = drawing.marks("dot").map { $0.number("cy") }
      try #require(dots.count == 3)
      #expect(abs(dots[1] - (dots[0] + dots[2]) / 2) < 0.02, "10^\(power)")
      let lowest = try #require(drawing.rows.first).number("y")
      #expect(dots[0] <= lowest - 3.98, "10^\(power)")
    }
    #expect(try drawing(.logarithm("y"), [.nan]).rows.count > 1)
  }

  @Test func `decades are equally wide, and 0 lies at the lower end`() throws {
    let dots = try drawing(.logarithm("y"), [0.1, 1, 10, 100, 0]).marks("dot").map {
      $0.number("cy")
    }
    try #require(dots.count == 5)
    let decade = (dots[0] - dots[3]) / 3
    #expect(decade > 40)
    for place in 0..<4 { #expect(abs(dots[0] - Double(place) * decade - dots[place]) < 0.02) }
    #expect(dots[4] == dots[0])
  }
}
