import Foundation
import FulcrumKernel
import JSON

/// Reads files of TinyZero's data: JSON Lines, a puzzle a line.
package enum PublishedFile {
  /// Returns the rows of all files, in order; blank lines are skipped.
  ///
  /// - Throws: `.notFound` or `.inputOutput` for a file that can't be read, `.unsupported` for a
  ///   Parquet or a gzip file, `.data` (at `file:line`) for a damaged row or a file without rows.
  package static func rows(of paths: [String]) throws(FulcrumError) -> [PublishedRow] {
    var rows: [PublishedRow] = []
    for path in paths { rows += try Self.rows(at: path) }
    return rows
  }

  /// Checks that no held-out puzzle has the numbers, in any order, and the target of a training
  /// puzzle.
  ///
  /// - Throws: `.data` that names both lines of the first one, and how many there are.
  package static func requireDisjoint(
    training: [PublishedRow], heldOut: [PublishedRow]
  ) throws(FulcrumError) {
    let locations = Dictionary(
      training.map { ($0.puzzle.form, $0.location) }, uniquingKeysWith: { first, _ in first })
    let repeated = heldOut.filter { locations[$0.puzzle.form] != nil }
    guard let first = repeated.first, let location = locations[first.puzzle.form] else { return }
    let others = repeated.dropFirst().prefix(5).map(\.location).joined(separator: ", ")
    let more =
      repeated.count == 1
      ? "" : "; so it is with \(repeated.count) of \(heldOut.count) rows, the next at \(others)"
    throw FulcrumError(
      .data,
      "expected held-out puzzles apart from training, got the one of \(location) again\(more)",
      at: first.location, hint: "remove such rows from 'files' or from 'held-out-files'")
  }

  private static func rows(at path: String) throws(FulcrumError) -> [PublishedRow] {
    var rows: [PublishedRow] = []
    for line in JSONLines([UInt8](try contents(of: path))) {
      rows.append(try PublishedRow(line, of: path))
    }
    guard !rows.isEmpty else {
      throw FulcrumError(.data, "expected at least one row, got none", at: path)
    }
    return rows
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
    if data.starts(with: [0x1F, 0x8B]) {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got a gzip file", at: path,
        hint: "gunzip it: gunzip --keep \(path)")
    }
    return data
  }
}
