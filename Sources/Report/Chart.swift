/// A picture of numbers: axes, and layers of marks upon them.
package struct Chart {
  package struct Point: Equatable {
    package let x: Double
    package let y: Double
    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  package struct Band {
    package let x: Double
    package let low: Double
    package let high: Double
  }

  package struct Interval {
    let value: Double
    let low: Double
    let high: Double
  }

  package enum Axis {
    /// - Parameter including: numbers that the axis must reach.
    case numbers(_ label: String, including: [Double] = [])
    case categories(_ label: String, [String])

    var label: String {
      switch self {
      case .numbers(let label, _), .categories(let label, _): label
      }
    }
  }

  package enum Layer {
    /// A line through points; a faint one is what a bold one smooths.
    case line([Point], series: Int, isFaint: Bool = false)
    case band([Band], series: Int)
    /// One bar a category, side by side with those of other series.
    case bars([Double?], series: Int)
    /// One dot with a whisker a category.
    case intervals([Interval?], series: Int)
    /// A box a category: 1, 25, 50, 75 and 99 % of its values.
    case boxes([[Double]], series: Int)
    /// A dashed line across.
    case level(Double)
  }

  /// Names its file and its place on the page: letters, digits, hyphens.
  package let id: String
  package let title: String
  package var caption = ""
  package let x: Axis
  package let y: Axis
  package var layers: [Layer]
  /// Names of the series, in order; empty if there is but one.
  package var legend: [String] = []
  /// A screen reader's summary.
  package var summary = ""

  package init(
    id: String, title: String, caption: String = "", x: Axis, y: Axis, layers: [Layer],
    legend: [String] = [], summary: String = ""
  ) {
    self.id = id
    self.title = title
    self.caption = caption
    self.x = x
    self.y = y
    self.layers = layers
    self.legend = legend
    self.summary = summary
  }

  /// Every number that the layers show along y.
  var heights: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .line(let points, _, _): points.map(\.y)
      case .band(let band, _): band.flatMap { [$0.low, $0.high] }
      case .bars(let bars, _): bars.compactMap(\.self) + [0]
      case .intervals(let intervals, _):
        intervals.compactMap(\.self).flatMap { [$0.low, $0.value, $0.high] }
      case .boxes(let boxes, _): boxes.flatMap(\.self)
      case .level(let level): [level]
      }
    }
  }

  var widths: [Double] {
    layers.flatMap { layer -> [Double] in
      switch layer {
      case .line(let points, _, _): points.map(\.x)
      case .band(let band, _): band.map(\.x)
      case .bars, .intervals, .boxes, .level: []
      }
    }
  }
}
