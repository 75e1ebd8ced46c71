import Charts
import Foundation
import FulcrumKernel

/// Draws what a method does: its weight along the probability and, if it has one, along the ratio.
package struct MethodFigure {
  /// The largest |w/A| of a curve beside which plain GRPO's is not drawn: it would be a flat line at 0.
  private static let tiny = 0.05

  private let method: Method
  private let portrait: MethodPortrait

  package init?(_ method: Method) {
    guard let portrait = method.curves else { return nil }
    (self.method, self.portrait) = (method, portrait)
  }

  /// The SVG document.
  package var document: String { ChartRow(title: title, charts).document }

  private var title: String {
    "\(method.name) (\(method.kind.rawValue)): \(method.summary)"
  }

  var charts: [Chart] {
    if !portrait.phases.isEmpty { return [phases] }
    return [onPolicy] + [byRatio].compactMap(\.self)
  }

  private var label: String {
    switch portrait.measure {
    case .weight: portrait.isWithoutAdvantage ? "w, whatever A" : "w/A"
    case .factor: portrait.isWithoutAdvantage ? "new A, whatever A" : "new A / A"
    case .baseline: "new A / A"
    case .phase:
      portrait.phases.count > MethodPortrait.shownPhases
        ? "\(MethodPortrait.shownPhases) of \(portrait.phases.count) phases: tokens' share"
        : "share of the tokens"
    }
  }

  private var phases: Chart {
    let x = Chart.Axis.numbers("π, on policy")
    let phases = portrait.phases.prefix(MethodPortrait.shownPhases)
    var chart = Chart(
      id: method.id + "-phases", title: label, x: x,
      y: .numbers("", including: [0, 1], within: 0...1),
      layers: phases.enumerated().flatMap { index, phase in
        lines(phase.share, along: x, FigureReach([]), series: index)
      }, legend: phases.map(\.name))
    chart.size = .small
    return chart
  }

  private var onPolicy: Chart {
    let yardstick = Yardstick.curves(along: CurveBatch.probabilities, isRatio: false)
    return chart(
      "probability", x: .numbers("π, on policy"), portrait.onPolicy, yardstick,
      portrait.furtherOnPolicy)
  }

  private var byRatio: Chart? {
    portrait.byRatio.map { curves in
      let name = portrait.isSamplersRatio ? "π_old/π_rollout" : "r = π/π_old"
      return chart(
        "ratio", x: .logarithm(name), curves,
        portrait.isSamplersRatio
          ? nil : Yardstick.curves(along: CurveBatch.ratios, isRatio: true),
        portrait.furtherByRatio)
    }
  }

  private func chart(
    _ name: String, x: Chart.Axis, _ curves: SignedCurves, _ yardstick: SignedCurves?,
    _ further: [MethodPortrait.Further]
  ) -> Chart {
    let own = [curves] + further.map(\.curves)
    let all = own.flatMap { [$0.positive, $0.negative] }
    let reach = FigureReach(portrait.isWithoutAdvantage ? [curves.positive] : all)
    let title =
      label + (reach.bound.map { ", beyond \(NumberText.short($0, digits: 2)): cut" } ?? "")
    if portrait.isWithoutAdvantage {
      var chart = Chart(
        id: method.id + "-" + name, title: title, x: x, y: .numbers("", including: [0]),
        layers: [band(curves.positive, reach).map { .band($0, series: 0) }].compactMap(\.self)
          + lines(curves.positive, along: x, reach, series: 0))
      chart.size = .small
      return chart
    }
    var layers: [Chart.Layer] = []
    var legend = ["A > 0", "A < 0"]
    let most = all.flatMap(\.points).map { max(abs($0.low), abs($0.high)) }.max() ?? 0
    if let yardstick, most == 0 || most > Self.tiny {
      layers += lines(yardstick.positive, along: x, reach, series: 0, isFaint: true)
      layers += lines(yardstick.negative, along: x, reach, series: 1, isFaint: true)
    }
    let areAlike = curves.positive.isClose(to: curves.negative)
    for (series, curve) in [curves.positive, curves.negative].enumerated()
    where series == 0 || !areAlike {
      if let band = band(curve, reach) { layers.append(.band(band, series: series)) }
    }
    // The second is above the first, so of equal ones both are seen: it is dashed.
    layers += lines(curves.positive, along: x, reach, series: 0)
    layers += lines(
      curves.negative, along: x, reach, series: areAlike ? 1 + Palette.count : 1)
    for one in further {
      let areAlike = one.curves.positive.isClose(to: one.curves.negative)
      layers += lines(one.curves.positive, along: x, reach, series: legend.count)
      legend.append(one.name + (areAlike ? "" : ", A > 0"))
      if !areAlike {
        layers += lines(one.curves.negative, along: x, reach, series: legend.count)
        legend.append("the same, A < 0")
      }
    }
    var chart = Chart(
      id: method.id + "-" + name, title: title, x: x, y: .numbers("", including: [0]),
      layers: layers, legend: legend)
    chart.size = .small
    return chart
  }

  /// Returns a line for each piece of a curve within reach, without points between equal slopes.
  private func lines(
    _ curve: WeightCurve, along axis: Chart.Axis, _ reach: FigureReach, series: Int,
    isFaint: Bool = false
  ) -> [Chart.Layer] {
    let isLogarithm = if case .logarithm = axis { true } else { false }
    let place: (Double) -> Double = { isLogarithm ? log($0) : $0 }
    return reach.pieces(
      curve.points.map { Chart.Point(x: $0.x, y: $0.mean) }, place: place,
      x: { isLogarithm ? exp($0) : $0 }
    ).map { .line(Self.withoutStraights($0, place: place), series: series, isFaint: isFaint) }
  }

  /// Returns the range of a curve where it has one; `nil`: it is a line.
  private func band(_ curve: WeightCurve, _ reach: FigureReach) -> [Chart.Band]? {
    let most = curve.points.map { max(abs($0.low), abs($0.high)) }.max() ?? 0
    guard curve.points.contains(where: { $0.high - $0.low > 1e-3 * most }) else { return nil }
    return curve.points.map {
      Chart.Band(x: $0.x, low: reach.held($0.low), high: reach.held($0.high))
    }
  }

  /// Leaves out each point that lies, to a thousandth of the height, on the line from the last one that
  /// stays to the next one.
  ///
  /// - Parameter place: of a point's x along the axis.
  package static func withoutStraights(_ points: [Chart.Point], place: (Double) -> Double)
    -> [Chart.Point]
  {
    guard let first = points.first, points.count > 2 else { return points }
    let heights = points.map(\.y)
    let tolerance = 1e-3 * max((heights.max() ?? 0) - (heights.min() ?? 0), 1e-12)
    var kept = [first]
    var skipped: [Chart.Point] = []
    for (point, next) in zip(points.dropFirst(), points.dropFirst(2)) {
      let start = kept[kept.count - 1]
      skipped.append(point)
      let from = place(start.x)
      let slope = (next.y - start.y) / (place(next.x) - from)
      if skipped.contains(where: {
        abs(start.y + slope * (place($0.x) - from) - $0.y) > tolerance
      }) {
        kept.append(point)
        skipped = []
      }
    }
    return kept + [points[points.count - 1]]
  }
}
