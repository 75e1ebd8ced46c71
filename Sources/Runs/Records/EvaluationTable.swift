import Foundation

/// Writes one or more evaluations side by side, as a text table.
package enum EvaluationTable {
  /// - Parameter columns: evaluations with their titles, over the same categories.
  package static func text(_ columns: [(title: String, evaluation: Evaluation)]) -> String {
    guard let first = columns.first?.evaluation, !first.rows.isEmpty else { return "" }
    let kinds = kinds(of: columns.flatMap(\.evaluation.rows))
    // A measure is named where there are several.
    let isPlain = kinds == [.accuracy]
    var lines = [
      ["held out", "items"] + (isPlain ? [] : ["share"])
        + columns.map { "\($0.title) (95 % interval)" }
    ]
    for row in first.rows {
      let others = columns.map { $0.evaluation.rows.first { $0.category == row.category } }
      for (place, kind) in Self.kinds(of: others.compactMap(\.self)).enumerated() {
        let head = place == 0 ? [row.title, row.itemsText] : ["", ""]
        let cells = others.map { other -> String in
          guard let measure = other?.measures.first(where: { $0.kind == kind }) else { return "" }
          return percent(measure.mean) + " (" + percent(measure.interval.lowerBound) + " to "
            + percent(measure.interval.upperBound) + ")"
        }
        lines.append(head + (isPlain ? [] : [kind.name]) + cells)
      }
    }
    return TextTable.text(lines)
  }

  /// Returns the kinds of measures that some rows have, each once.
  package static func kinds(of rows: [Evaluation.Row]) -> [Evaluation.Measure.Kind] {
    var kinds: [Evaluation.Measure.Kind] = []
    for kind in rows.flatMap(\.measures).map(\.kind) where !kinds.contains(kind) {
      kinds.append(kind)
    }
    return kinds
  }

  /// Returns the shares of all categories, without intervals, in one line.
  package static func line(_ evaluation: Evaluation) -> String {
    let rows = evaluation.rows.map { row in
      let shares = row.measures.map { measure in
        (measure.kind == .accuracy ? "" : measure.kind.name + " ") + percent(measure.mean)
      }
      return row.title + " " + shares.joined(separator: ", ")
    }
    let isPlain = evaluation.rows.allSatisfy { $0.measures.count == 1 }
    return rows.joined(separator: isPlain ? ", " : "; ")
  }

  private static func percent(_ share: Double) -> String {
    String(format: "%.1f %%", 100 * share)
  }
}
