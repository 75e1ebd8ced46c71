import Charts
import Foundation
import Testing

@Suite struct LogScaleTests {
  @Test(arguments: [
    (0.2, 6.0, ["0.2", "0.5", "1", "2", "5", "10"]),
    (1, 10, ["1", "2", "5", "10"]),
    (0.003, 800, ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
    (3, 3, ["2", "5"]),
  ]) func `ticks are powers of ten, with 1, 2, 5 where there are few`(
    low: Double, high: Double, labels: [String]
  ) {
    let ticks = Ticks(logarithmic: [low, high, 0, -1, .nan, .infinity])
    #expect(ticks.labels == labels)
    #expect(ticks.domain.lowerBound <= low && ticks.domain.upperBound >= high)
  }

  @Test func `any data has between 2 and 10 ticks, and lies between them`() {
    for power in stride(from: 0.01, through: 30, by: 0.37) {
      let data = [pow(10, -power / 3), pow(10, power)]
      let ticks = Ticks(logarithmic: data)
      #expect((2...10).contains(ticks.values.count), "10^\(power): \(ticks.labels)")
      #expect(ticks.domain.lowerBound <= data[0] * (1 + 1e-9), "10^\(power)")
      #expect(ticks.domain.upperBound >= data[1] * (1 - 1e-9), "10^\(power)")
    }
    #expect(Ticks(logarithmic: [Double.nan]).values.count > 1)
  }

  @Test func `decades are equally wide, and 0 lies at the lower end`() {
    let scale = LogScale(domain: 0.1...100, start: 90, end: 0)
    #expect([0.1, 1, 10, 100].map { scale($0).rounded() } == [90, 60, 30, 0])
    #expect(scale(0) == 90)
    #expect(scale(1e9) == 0)
  }
}

@Suite struct HeatTests {
  @Test func `steps go from 0 up, or from below 0 to above it`() {
    let up = ColorScale(.sequential, "", covering: [1, 9, .nan])
    #expect([0, 0.9, 1.1, 8.9, 9, .nan].map(up.step) == [0, 0, 1, 8, 8, nil])
    let both = ColorScale(.diverging, "", covering: [-9, 2])
    #expect([-9, -0.9, 0, 0.9, 9, .infinity].map(both.step) == [0, 4, 4, 4, 8, nil])
    #expect(ColorScale(.diverging, "", covering: [0, 0]).step(of: 0) == 4)
    #expect(ColorScale(.sequential, "", covering: []).step(of: 0) == 0)
  }

  @Test func `the contrast is that of the guidelines`() {
    #expect(HeatColors.contrast("#000000", "#ffffff") == 21)
    // A grey just too light for texts on white.
    #expect(abs(HeatColors.contrast("#ffffff", "#777777") - 4.48) < 0.005)
  }

  @Test func `every number can be read on its colour, on light and on dark paper`() throws {
    let colors = Dictionary(
      uniqueKeysWithValues: HeatColors.variables.map { ($0.0, ($0.1, $0.2)) })
    for kind in ColorScale.Kind.allCases {
      for step in 0..<ColorScale.steps {
        let name = "\(kind.rawValue)\(step)"
        let color = try #require(colors[name])
        let ink = try #require(colors[name + "-ink"])
        #expect(HeatColors.contrast(color.0, ink.0) >= 4.5, "\(name) on light paper")
        #expect(HeatColors.contrast(color.1, ink.1) >= 4.5, "\(name) on dark paper")
      }
    }
  }
}

@Suite struct CategoryLabelTests {
  @Test(arguments: 2...70)
  func `names never touch, and of many the first and the last are there`(count: Int) {
    let names = ["embedding"] + (0..<count).map { "\($0 + 1)" } + ["logits"]
    let labels = CategoryLabels(names, from: 60, to: 388).labels
    for (label, next) in zip(labels, labels.dropFirst()) {
      #expect(label.end < next.start, "\(label.text) and \(next.text)")
    }
    #expect(labels.allSatisfy { $0.start >= 59.9 && $0.end <= 388.1 })
    #expect(labels.first?.text == "embedding")
    #expect(labels.last?.text == "logits")
    #expect(labels.count > 3)
  }

  @Test func `few long names are cut, one each`() {
    let names = (1...6).map { "a long name of number \($0)" }
    let labels = CategoryLabels(names, from: 60, to: 388).labels
    #expect(labels.count == 6)
    #expect(labels.allSatisfy { $0.text.hasSuffix("…") })
    for (label, next) in zip(labels, labels.dropFirst()) { #expect(label.end < next.start) }
    #expect(CategoryLabels([], from: 0, to: 1).labels.isEmpty)
  }
}

@Suite struct SidewaysTests {
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
