import Foundation
import FulcrumKernel
import JSON

/// Reads files of published puzzles: JSON Lines, a puzzle a line.
package enum RowFile {
  /// Returns the rows of all files, in order; blank lines are skipped.
  ///
  /// - Parameters:
  ///   - read: makes a row of a line of a file.
  ///   - check: looks at all rows of one file.
  /// - Throws: `.notFound` or `.inputOutput` for a file that can't be read, `.unsupported` for a
  ///   Parquet or a gzip file, `.data` for a file without rows; what `read` and `check` throw.
  package static func rows<Row>(
    of paths: [String], read: (JSONLines.Line, _ file: String) throws(FulcrumError) -> Row,
    check: ([Row]) throws(FulcrumError) -> Void = { _ in }
  ) throws(FulcrumError) -> [Row] {
    var all: [Row] = []
    for path in paths {
      var rows: [Row] = []
      for line in JSONLines([UInt8](try contents(of: path))) { rows.append(try read(line, path)) }
      guard !rows.isEmpty else {
        throw FulcrumError(.data, "expected at least one row, got none", at: path)
      }
      try check(rows)
      all += rows
    }
    return all
  }

  /// Says, behind a message on the first of some rows, how many there are and where the next ones are.
  ///
  /// - Parameters:
  ///   - locations: of the rows at fault, at least one.
  ///   - count: of all rows that were looked at.
  package static func more(_ locations: [String], of count: Int) -> String {
    guard locations.count > 1 else { return "" }
    let others = locations.dropFirst().prefix(5).joined(separator: ", ")
    return "; so it is with \(locations.count) of \(count) rows, the next at \(others)"
  }

  private static func contents(of path: String) throws(FulcrumError) -> Data {
    guard FileManager.default.fileExists(atPath: path) else {
      throw FulcrumError(
        .notFound, "expected a file of puzzles, got no such file", at: path,
        hint: "relative paths start at the working folder")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw FulcrumError(.inputOutput, "expected a readable file, got a refusal", at: path)
    }
    // The first bytes of every file of these formats.
    if data.starts(with: Array("PAR1".utf8)) {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got a Parquet file", at: path,
        hint: "convert it: python3 -c \"import pandas; pandas.read_parquet('\(path)')"
          + ".to_json('rows.jsonl', orient='records', lines=True)\"")
    }
    if path.hasSuffix(".gz") || data.starts(with: [0x1F, 0x8B]) {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got a gzip file", at: path,
        hint: "gunzip it: gunzip --keep \(path)")
    }
    return data
  }
}
