/// A picture of numbers: axes, and layers of marks upon them.
package struct Chart {
  /// A place on the chart, in its axes' numbers.
  package struct Point: Equatable {
    package let x: Double
    package let y: Double
    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// A range of y at one x.
  package struct Band {
    package let x: Double
    package let low: Double
    package let high: Double

    package init(x: Double, low: Double, high: Double) {
      (self.x, self.low, self.high) = (x, low, high)
    }
  }

  /// A number with the ends of its interval.
  package struct Interval {
    let value: Double
    let low: Double
    let high: Double

    package init(value: Double, low: Double, high: Double) {
      (self.value, self.low, self.high) = (value, low, high)
    }

    /// The value, with its ends where they differ.
    var words: String {
      guard low < high else { return NumberText.short(value) }
      return "\(NumberText.short(value)) (\(NumberText.short(low)) to \(NumberText.short(high)))"
    }
  }

  package enum Axis {
    /// - Parameters:
    ///   - including: numbers that the axis must reach.
    ///   - within: numbers that it goes beyond only where the data do: 0 and 1, for a share.
    case numbers(
      _ label: String, including: [Double] = [], within: ClosedRange<Double>? = nil)
    /// Numbers that have nothing between them, such as steps; no tick is there either.
    case wholeNumbers(_ label: String)
    /// Numbers above 0; each decade is as wide as the next.
    case logarithm(_ label: String)
    /// Categories; along y they are rows, from the top: bars and whiskers then lie on their side.
    case categories(_ label: String, [String])

    var label: String {
      switch self {
      case .numbers(let label, _, _), .wholeNumbers(let label), .logarithm(let label),
        .categories(let label, _):
        label
      }
    }

    /// The categories; `nil`: it is an axis of numbers.
    var names: [String]? {
      if case .categories(_, let names) = self { names } else { nil }
    }
  }

  /// The size of a drawing, in its own units: about a pixel each.
  package struct Size {
    /// One of a page's figures.
    package static let page = Size(width: 400, plot: 180, hasDots: true)
    /// One that stands in a table's row.
    package static let small = Size(width: 240, plot: 104, hasDots: false)

    let width: Double
    /// The height of the marks' field; an axis of categories has its own.
    let plot: Double
    /// Whether a line of few points shows each by a dot.
    let hasDots: Bool
  }

  package enum Layer {
    /// A line through points; a bold one smooths a faint one. On an axis of categories the
    /// middle of the first is at 0.5.
    case line([Point], series: Int, isFaint: Bool = false)
    /// An area between two lines.
    case band([Band], series: Int)
    /// Many small dots.
    case dots([Point], series: Int)
    /// One bar a category, side by side with those of other series.
    case bars([Double?], series: Int, whiskers: [Interval?] = [])
    /// One dot with a whisker a category; no whisker where an end isn't a number.
    case intervals([Interval?], series: Int)
    /// A box a category: 1, 25, 50, 75 and 99 % of its values.
    case boxes([[Double]], series: Int)
    /// A histogram: columns of equal width that fill a range of numbers.
    case columns([Double], over: ClosedRange<Double>, series: Int)
    /// A coloured cell with its number for each row and column of two axes of categories.
    case cells([[Double]], ColorScale)
    /// A dashed line across, at a value.
    case level(Double)
    /// A dashed line up from a number on the x axis, with its name.
    case upright(Double, String)
  }

  /// The name of its file and of its place on the page: letters, digits, hyphens.
  package let id: String
  package let title: String
  /// Says how to read it, in plain words.
  package var caption = ""
  package let x: Axis
  package let y: Axis
  package var layers: [Layer]
  /// Names of the series, in order; empty if there is but one.
  package var legend: [String] = []
  package var size = Size.page

  package init(
    id: String, title: String, caption: String = "", x: Axis, y: Axis, layers: [Layer],
    legend: [String] = []
  ) {
    self.id = id
    self.title = title
    self.caption = caption
    self.x = x
    self.y = y
    self.layers = layers
    self.legend = legend
  }

  /// Whether a layer has a number to show, beside dashed lines.
  package var hasMarks: Bool {
    layers.contains { layer in
      switch layer {
      case .line(let points, _, _), .dots(let points, _):
        points.contains { $0.x.isFinite && $0.y.isFinite }
      case .band(let band, _): band.contains { $0.low.isFinite && $0.high.isFinite }
      case .bars(let bars, _, _): bars.contains { $0?.isFinite ?? false }
      case .intervals(let intervals, _): intervals.contains { $0?.value.isFinite ?? false }
      case .boxes(let boxes, _): boxes.contains { $0.count == 5 && $0.allSatisfy(\.isFinite) }
      case .columns(let columns, _, _): columns.contains(where: \.isFinite)
      case .cells(let cells, _): cells.joined().contains(where: \.isFinite)
      case .level, .upright: false
      }
    }
  }

  /// Whether categories are rows, and numbers lie along x.
  var isSideways: Bool { y.names != nil && x.names == nil }

  /// The number of marks that share the room of a category.
  var seats: Int {
    layers.count { layer in
      switch layer {
      case .bars, .intervals, .boxes: true
      case .line, .band, .dots, .columns, .cells, .level, .upright: false
      }
    }
  }

  /// Every number that the layers show along y.
  var heights: [Double] {
    (isSideways ? [] : ofCategories)
      + layers.flatMap { layer -> [Double] in
        switch layer {
        case .line(let points, _, _), .dots(let points, _): points.map(\.y)
        case .band(let band, _): band.flatMap { [$0.low, $0.high] }
        case .columns(let columns, _, _): columns + [0]
        case .bars, .intervals, .boxes, .cells, .level, .upright: []
        }
      }
  }

  /// Every number that the layers show along x.
  var widths: [Double] {
    (isSideways ? ofCategories : [])
      + layers.flatMap { layer -> [Double] in
        switch layer {
        case .line(let points, _, _), .dots(let points, _): points.map(\.x)
        case .band(let band, _): band.map(\.x)
        case .columns(_, let range, _): [range.lowerBound, range.upperBound]
        case .upright(let place, _): [place]
        case .bars, .intervals, .boxes, .cells, .level: []
        }
      }
  }

  private var ofCategories: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .bars(let bars, _, let whiskers):
        bars.compactMap(\.self) + [0] + whiskers.compactMap(\.self).flatMap { [$0.low, $0.high] }
      case .intervals(let intervals, _):
        intervals.compactMap(\.self).flatMap { [$0.low, $0.value, $0.high] }
      case .boxes(let boxes, _): boxes.flatMap(\.self)
      case .level(let level): [level]
      case .line, .band, .dots, .columns, .cells, .upright: []
      }
    }
  }
}
