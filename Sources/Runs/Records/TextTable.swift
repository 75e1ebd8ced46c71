/// Writes rows of text in columns.
package enum TextTable {
  /// - Parameters:
  ///   - rows: the cells of each row; all rows have as many.
  ///   - numeric: the columns that are aligned at their right ends.
  package static func text(_ rows: [[String]], gap: Int = 3, numeric: Set<Int> = []) -> String {
    guard let first = rows.first else { return "" }
    let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = row.indices.map { column in
        let room = String(repeating: " ", count: widths[column] - row[column].count)
        return numeric.contains(column) ? room + row[column] : row[column] + room
      }.joined(separator: String(repeating: " ", count: gap))
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
