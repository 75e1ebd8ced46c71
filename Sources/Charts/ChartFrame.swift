/// Places the parts of a chart: margins, scales and ticks.
struct ChartFrame {
  static let right = 12.0
  /// The width of a letter.
  private static let letter = 6.5
  /// The width of a letter of the names in the margin, which may be in a wide font.
  private static let wideLetter = 7.2
  static let longestName = 22

  let left: Double
  let top: Double
  let bottom: Double
  let x: any Scale
  let y: any Scale
  /// Ticks along x; `nil`: the axis has categories.
  let columns: Ticks?
  /// Ticks along y; `nil`: the axis has categories.
  let rows: Ticks?

  /// - Parameter head: the height of the title and the legend.
  init(_ chart: Chart, head: Double) {
    // Without the line of the axis's name, if it has none.
    top = head + (chart.y.label.isEmpty ? 8 : 24)
    let ticks = Self.rows(of: chart)
    rows = ticks
    if let names = chart.y.names {
      left =
        12 + Self.wideLetter * Double(names.map { min($0.count, Self.longestName) }.max() ?? 1)
      let each = chart.isSideways ? max(24, 13 * Double(chart.seats) + 8) : 42
      bottom = top + max(60, each * Double(names.count))
      y = LinearScale(domain: 0...Double(max(1, names.count)), start: top, end: bottom)
    } else {
      left = 14 + Self.letter * Double(max(2, ticks?.labels.map(\.count).max() ?? 1))
      bottom = top + chart.size.plot
      let hasNames = chart.layers.contains { if case .upright = $0 { true } else { false } }
      // Names of uprights have a strip of their own above the marks.
      let end = hasNames ? top + 18 : top
      let domain = ticks?.domain ?? 0...1
      if case .logarithm = chart.y {
        y = LogScale(domain: domain, start: bottom, end: end)
      } else {
        y = LinearScale(domain: domain, start: bottom, end: end)
      }
    }
    let end = chart.size.width - Self.right
    if let names = chart.x.names {
      columns = nil
      x = LinearScale(domain: 0...Double(max(1, names.count)), start: left, end: end)
      return
    }
    let data = (chart.widths + chart.x.including).filter(\.isFinite)
    let isLogarithm = if case .logarithm = chart.x { true } else { false }
    let found =
      isLogarithm
      ? Ticks(logarithmic: data)
      : Ticks(covering: data, of: chart.x, about: chart.isSideways ? 5 : 6)
    // The data's own width, not the ticks': a curve fills its plot. Bars on their side end at ticks.
    let low = data.min() ?? found.domain.lowerBound
    let high = data.max() ?? found.domain.upperBound
    let domain = chart.isSideways || low >= high ? found.domain : low...high
    let within = zip(found.values, found.labels).filter {
      domain.lowerBound - 1e-12 <= $0.0 && $0.0 <= domain.upperBound + 1e-12
    }
    columns = Ticks(values: within.map(\.0), labels: within.map(\.1), domain: domain)
    x =
      isLogarithm
      ? LogScale(domain: domain, start: left, end: end)
      : LinearScale(domain: domain, start: left, end: end)
  }

  private static func rows(of chart: Chart) -> Ticks? {
    switch chart.y {
    case .categories: nil
    case .logarithm: Ticks(logarithmic: chart.heights)
    case .numbers, .wholeNumbers: Ticks(covering: chart.heights + chart.y.including, of: chart.y)
    }
  }
}
