import Charts
import Foundation
import Microscope

/// Charts of how tokens move when one interval is updated alone, and of the lever against its bounds.
struct InterventionCharts {
  let record: MicroscopeRecord

  private var intervals: [String] { record.intervals.map(NumberText.interval) }

  /// Numbers by two intervals; rows: the one that was updated alone, columns: the one whose tokens moved.
  private struct Matrix {
    let id: String
    let title: String
    let caption: String
    let unit: String
    let kind: ColorScale.Kind
    let rows: [[Double]]
  }

  private var matrices: [Matrix] {
    let how = " Rows: the interval that was updated alone. Columns: whose probability moved."
    return [
      Matrix(
        id: "interventions-moved", title: "Who moves when one interval is updated",
        caption: "Mean change of probability, of either sign." + how
          + " Darker on light paper, brighter on dark: moved more.",
        unit: "mean |Δπ|", kind: .sequential, rows: record.interventions),
      Matrix(
        id: "interventions-along", title: "Do they move the way of their advantage?",
        caption: "The same change, counted positive where a token moved as its advantage A asked."
          + how + " Blue: on average the right way, orange: the wrong way.",
        unit: "mean Δπ along A", kind: .diverging, rows: record.interventionsAlong),
    ].filter { $0.rows.joined().contains(where: \.isFinite) }
  }

  var charts: [Chart] {
    matrices.map { matrix in
      let power = Self.power(of: matrix.rows.joined())
      let unit =
        matrix.unit + (power == 0 ? "" : " in 10" + NumberText.superscript(power))
      let factor = pow(10, Double(-power))
      let cells = matrix.rows.map { $0.map { $0 * factor } }
      return Chart(
        id: matrix.id, title: matrix.title, caption: matrix.caption,
        x: .categories("moved: probability of the token", intervals),
        y: .categories("updated alone: probability of the token", intervals),
        layers: [
          .cells(cells, ColorScale(matrix.kind, unit, covering: cells.flatMap(\.self)))
        ])
    } + [bounds(record.bounds)].compactMap(\.self)
  }

  /// Returns a power of ten that makes the largest a number from 1 to 10, where it is far from that.
  static func power(of values: some Sequence<Double>) -> Int {
    let largest = values.filter(\.isFinite).map(abs).max() ?? 0
    guard largest > 0, !(0.1..<1000).contains(largest) else { return 0 }
    return Int(log10(largest).rounded(.down))
  }

  private func bounds(_ bounds: MicroscopeRecord.Bounds) -> Chart? {
    let (lower, upper) = (bounds.lower, bounds.upper)
    guard lower < upper else { return nil }
    let margin = (upper - lower) * 0.03
    let ends =
      bounds.minimum.isNaN
      ? []
      : [
        "smallest \(NumberText.short(bounds.minimum, digits: 6))",
        "largest \(NumberText.short(bounds.maximum, digits: 6))",
      ]
    let found = ends + ["tolerance \(NumberText.short(bounds.tolerance))"]
    return Chart(
      id: "bounds", title: "The lever between its bounds",
      caption: "Whatever the network, a token’s pull on the logits ‖e − π‖ over 1 − π lies between"
        + " the dashed lines, √(N/(N−1)) for a vocabulary of N"
        + " = \(bounds.vocabulary) and √2. Violations: \(bounds.violations) of \(bounds.tokens) tokens; "
        + found.joined(separator: ", ")
        + ". The surest tokens are not drawn: their ratio is rounding.",
      x: .numbers("lever / (1 − π)", including: [lower - margin, upper + margin]),
      y: .numbers("tokens, without the surest ones", including: [0]),
      layers: [
        .columns(bounds.histogram.map(Double.init), over: lower...upper, series: 0),
        .upright(lower, "√(N/(N−1)) = \(NumberText.short(lower, digits: 6))"),
        .upright(upper, "√2 = \(NumberText.short(upper, digits: 6))"),
      ])
  }

  var tables: [any Markup] {
    var result = matrices.map { matrix in
      PageTable.element(
        head: ["updated alone"] + intervals.map { "moved: " + $0 },
        rows: zip(intervals, matrix.rows).map { name, row in
          [name] + row.map { NumberText.short($0) }
        }, numeric: Set(1...max(1, intervals.count)),
        caption: "\(matrix.title): \(matrix.unit)")
    }
    let bounds = record.bounds
    let rows = [
      ("tokens", Double(bounds.tokens)), ("violations", Double(bounds.violations)),
      ("vocabulary", Double(bounds.vocabulary)), ("lower bound", bounds.lower),
      ("upper bound", bounds.upper), ("smallest", bounds.minimum), ("largest", bounds.maximum),
      ("tolerance", bounds.tolerance),
    ]
    result.append(
      PageTable.element(
        head: ["", "value"],
        rows: rows.filter { !$0.1.isNaN }.map { [$0.0, NumberText.short($0.1, digits: 6)] },
        numeric: [1], caption: "Bounds on lever / (1 − π)"))
    return PageTable.folded("The same in tables", result)
  }
}
