import Charts
import Runs
import Training

/// A table that a terminal, a Markdown text and a page show alike.
package struct ComparisonTable: Sendable {
  /// The columns that a terminal has room for.
  static let terminalWidth = 120

  let caption: String
  let head: [String]
  let rows: [[String]]
  /// The number of columns at the left that hold words.
  var wordColumns = 1
  /// What the columns mean.
  var note = ""

  /// The table as a terminal shows it: as several where one would be too wide. Each has the columns of
  /// words.
  package var text: String {
    let all = [head] + rows
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let gap = 2
    let words = Array(0..<wordColumns)
    var groups: [[Int]] = []
    for column in wordColumns..<max(wordColumns, head.count) {
      let wider = (groups.last ?? words) + [column]
      let width = wider.reduce(0) { $0 + widths[$1] } + gap * (wider.count - 1)
      if groups.isEmpty || width > Self.terminalWidth {
        groups.append(words + [column])
      } else {
        groups[groups.count - 1].append(column)
      }
    }
    let tables = groups.map { columns in
      TextTable.text(
        all.map { row in columns.map { row[$0] } }, gap: gap,
        numeric: Set(wordColumns..<columns.count))
    }
    return ([caption] + tables + (note.isEmpty ? [] : [note])).joined(separator: "\n")
  }

  /// The table as Markdown has it.
  package var markdown: String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let rule = head.indices.map { $0 < wordColumns ? "---" : "---:" }
    return
      ([caption, "", line(head), line(rule)] + rows.map(line)
      + (note.isEmpty ? [] : ["", note])).joined(separator: "\n") + "\n"
  }

  /// The table on a page.
  var element: any Markup {
    Element(
      "div", [:],
      [
        PageTable.element(
          head: head, rows: rows, numeric: Set(wordColumns..<max(wordColumns, head.count)),
          caption: caption)
      ] + (note.isEmpty ? [] : [Element("p", ["class": "note"], [note])]))
  }
}

extension ArmStudy {
  /// The table with an arm a row, and that of differences from the reference.
  package var tables: [ComparisonTable] {
    [overview] + (arms.count > 1 ? [differences] : [])
  }

  private var overview: ComparisonTable {
    let measures = measures
    return ComparisonTable(
      caption: "Arms: means over seeds (\(words))",
      head: ["arm", "runs"] + measures.map { $0.name + ($0.isShare ? ", %" : "") },
      rows: arms.map { arm in
        [arm.name, "\(arm.runs.count)"]
          + measures.map { measure in
            let values = arm.values(of: measure).map(\.value)
            guard !values.isEmpty else { return "–" }
            let text = measure.text(SeedMean(values).mean)
            return values.count == arm.runs.count ? text : text + " (of \(values.count))"
          }
      }, note: warnings.map { "Warning: \($0)." }.joined(separator: "\n"))
  }

  private var differences: ComparisonTable {
    var rows: [[String]] = []
    for measure in comparedMeasures {
      for (place, row) in comparisons(by: measure).enumerated() {
        let title = place == 0 ? measure.name + (measure.isShare ? ", %" : "") : ""
        rows.append(
          [title, row.arm, measure.text(row.mean)] + Self.cells(row))
      }
    }
    return ComparisonTable(
      caption: "Differences from \(arms[reference].name), seed by seed",
      head: [
        "measure", "arm", "mean", "difference", "seeds", "ahead", "p (Holm)",
      ], rows: rows, wordColumns: 2,
      note:
        "In parentheses: 95 % intervals. Differences are on the same seeds, of shares in points. Seeds: on so"
        + " many\nthe arm's number is larger. Ahead: how likely it is larger on new seeds. p: paired t-test, for"
        + " \(Counted.text(arms.count - 1, "arm")) at once.")
  }

  private static func cells(_ row: Comparison) -> [String] {
    guard let paired = row.paired else { return ["", "", "", ""] }
    let ahead =
      fixed(paired.ahead)
      + (paired.aheadInterval.map { " (\(fixed($0.lowerBound))–\(fixed($0.upperBound)))" } ?? "")
    return [
      paired.difference.map { row.measure.text($0, isDifference: true) } ?? "–",
      paired.differences.isEmpty ? "–" : "\(paired.wins) of \(paired.differences.count)", ahead,
      row.p.map { $0 < 0.001 ? "<0.001" : NumberText.fixed($0) } ?? "–",
    ]
  }

  private static func fixed(_ share: Double) -> String { NumberText.fixed(share, decimals: 2) }
}
