import Foundation
import FulcrumKernel
import JSON

/// Reads files of the published data: JSON Lines, a puzzle a line.
package enum PublishedFile {
  /// Returns the rows of all files, in order; blank lines are skipped.
  ///
  /// - Throws: `.notFound` or `.inputOutput` for a file that can't be read, `.unsupported` for a
  ///   compressed one, `.data` (at `file:line`) for a damaged row or a file without rows.
  package static func rows(of paths: [String]) throws(FulcrumError) -> [PublishedRow] {
    var rows: [PublishedRow] = []
    for path in paths { rows += try Self.rows(at: path) }
    return rows
  }

  /// Checks that no held-out puzzle has the text of a training puzzle.
  ///
  /// - Throws: `.data` that names both lines if a text occurs in both.
  package static func requireDisjoint(
    training: [PublishedRow], heldOut: [PublishedRow]
  ) throws(FulcrumError) {
    let locations = Dictionary(
      training.map { ($0.quiz, $0.location) }, uniquingKeysWith: { first, _ in first })
    for row in heldOut {
      guard let location = locations[row.quiz] else { continue }
      throw FulcrumError(
        .data, "expected held-out puzzles apart from training, got the one of \(location) again",
        at: row.location, hint: "remove it from 'files' or from 'held-out-files'")
    }
  }

  private static func rows(at path: String) throws(FulcrumError) -> [PublishedRow] {
    var rows: [PublishedRow] = []
    for line in JSONLines([UInt8](try contents(of: path))) {
      rows.append(try PublishedRow(line, of: path))
    }
    guard !rows.isEmpty else {
      throw FulcrumError(.data, "expected at least one row, got none", at: path)
    }
    try requireSolved(rows)
    return rows
  }

  /// Checks that no row's solution contradicts the row's own statements.
  private static func requireSolved(_ rows: [PublishedRow]) throws(FulcrumError) {
    let wrong = rows.filter { $0.contradiction != nil }
    guard let first = wrong.first, let contradiction = first.contradiction else { return }
    let others = wrong.dropFirst().prefix(5).map(\.location).joined(separator: ", ")
    let more =
      wrong.count == 1
      ? "" : "; so it is with \(wrong.count) of \(rows.count) rows, the next at \(others)"
    throw FulcrumError(
      .data,
      "expected a solution that the row's 'statements' allow, got \(contradiction)\(more)",
      at: first.location, hint: "correct or remove such rows: no answer of theirs can be judged")
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
    // The first two bytes of every gzip file.
    guard !path.hasSuffix(".gz"), !data.starts(with: [0x1F, 0x8B]) else {
      throw FulcrumError(
        .unsupported, "expected plain JSON lines, got a gzip file", at: path,
        hint: "gunzip it: gunzip --keep \(path)")
    }
    return data
  }
}
