import Foundation

/// Rows of text in columns.
package enum TextTable {
  /// - Parameter rows: all with as many cells.
  package static func text(_ rows: [[String]], gap: Int = 3) -> String {
    guard let first = rows.first else { return "" }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .joined(separator: String(repeating: " ", count: gap))
        .trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
  }
}
