import Foundation

/// Rows of text in columns.
package enum TextTable {
  /// - Parameters:
  ///   - rows: all with as many cells.
  ///   - numeric: columns that end at one place.
  package static func text(_ rows: [[String]], gap: Int = 3, numeric: Set<Int> = []) -> String {
    guard let first = rows.first else { return "" }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let room = String(repeating: " ", count: widths[column] - row[column].count)
        return numeric.contains(column) ? room + row[column] : row[column] + room
      }.joined(separator: String(repeating: " ", count: gap))
        .trimmingCharacters(in: .whitespaces)
    }.joined(separator: "\n")
  }
}
