/// Draws bars, whiskers and boxes: a mark a category, upright or on their side.
struct CategoryMarks {
  /// The scale along the categories: the first is from 0 to 1.
  let places: any Scale
  /// The scale along the numbers.
  let values: any Scale
  let isSideways: Bool
  /// The number of layers that share a category's room.
  let seats: Int
  private var taken = 0

  init(places: any Scale, values: any Scale, isSideways: Bool, seats: Int) {
    (self.places, self.values, self.isSideways, self.seats) = (places, values, isSideways, seats)
  }

  /// Returns the middle and the width of the present layer's seat in a category.
  private func seat(_ category: Int) -> (middle: Double, width: Double) {
    let width = abs(places(1) - places(0)) * 0.8 / Double(max(1, seats))
    let start = places(Double(category) + 0.1)
    return (start + (Double(taken) + 0.5) * width, min(width, 48))
  }

  mutating func bars(_ bars: [Double?], series: Int, whiskers: [Chart.Interval?])
    -> [any Markup]
  {
    defer { taken += 1 }
    return bars.enumerated().flatMap { category, value -> [any Markup] in
      guard let value, value.isFinite else { return [] }
      let (middle, width) = seat(category)
      let whisker = whiskers.indices.contains(category) ? whiskers[category] : nil
      return [
        box(
          "bar", series, (middle - width * 0.46, middle + width * 0.46),
          (values(0), values(value)), title: whisker?.words ?? NumberText.short(value))
      ]
        + ["halo", "whisker"].flatMap { name in
          // Its halo parts it from its bar, whatever the bar's colour.
          whisker.map { self.whisker($0, name, at: middle) } ?? []
        }
    }
  }

  mutating func intervals(_ intervals: [Chart.Interval?], series: Int) -> [any Markup] {
    defer { taken += 1 }
    return intervals.enumerated().flatMap { category, interval -> [any Markup] in
      guard let interval, interval.value.isFinite else { return [] }
      let middle = seat(category).middle
      let (across, along) = turned(middle, values(interval.value))
      return whisker(interval, "line \(Palette.series(series))", at: middle) + [
        Element(
          "circle",
          [
            "class": "dot \(Palette.series(series))", "cx": text(across), "cy": text(along),
            "r": "4.5",
          ], [Element("title", [:], [interval.words])])
      ]
    }
  }

  mutating func boxes(_ boxes: [[Double]], series: Int) -> [any Markup] {
    defer { taken += 1 }
    return boxes.enumerated().flatMap { category, quantiles -> [any Markup] in
      guard quantiles.count == 5, quantiles.allSatisfy(\.isFinite) else { return [] }
      let (middle, width) = seat(category)
      let half = min(width * 0.35, 18)
      let line = "line \(Palette.series(series))"
      let ends = quantiles.map { values($0) }
      // A box of no height is still seen.
      let isFlat = abs(ends[1] - ends[3]) < 1
      return [
        stroke(line, (middle, middle), (ends[0], ends[4])),
        box(
          "box", series, (middle - half, middle + half),
          isFlat ? (ends[1] - 0.5, ends[1] + 0.5) : (ends[1], ends[3]),
          title: quantiles.map { NumberText.short($0) }.joined(separator: ", ")),
        stroke(line, (middle - half, middle + half), (ends[2], ends[2])),
      ]
    }
  }

  private func whisker(_ interval: Chart.Interval, _ name: String, at middle: Double)
    -> [any Markup]
  {
    guard interval.low.isFinite, interval.high.isFinite, interval.low < interval.high else {
      return []
    }
    return [stroke(name, (middle, middle), (values(interval.low), values(interval.high)))]
  }

  /// Returns a place along the categories and one along the numbers, as x and y.
  private func turned(_ place: Double, _ value: Double) -> (Double, Double) {
    isSideways ? (value, place) : (place, value)
  }

  private func box(
    _ name: String, _ series: Int, _ place: (Double, Double), _ value: (Double, Double),
    title: String
  ) -> Element {
    let (left, top) = turned(min(place.0, place.1), min(value.0, value.1))
    let (width, height) = turned(abs(place.1 - place.0), abs(value.1 - value.0))
    return Element(
      "rect",
      [
        "class": "\(name) \(Palette.series(series))", "x": text(left), "width": text(width),
        "y": text(top), "height": text(height),
      ], [Element("title", [:], [title])])
  }

  private func stroke(_ name: String, _ place: (Double, Double), _ value: (Double, Double))
    -> Element
  {
    let start = turned(place.0, value.0)
    let end = turned(place.1, value.1)
    return Element(
      "line",
      [
        "class": name, "x1": text(start.0), "y1": text(start.1), "x2": text(end.0),
        "y2": text(end.1),
      ])
  }

  private func text(_ value: Double) -> String { NumberText.place(value) }
}
