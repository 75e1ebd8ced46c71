import FulcrumKernel
import RowParts

/// Reads files of the published data: JSON Lines, a puzzle a line.
package enum PublishedFile {
  /// Returns the rows of all files, in order; blank lines are skipped.
  ///
  /// - Throws: what `RowFile` throws; `.data` (at `file:line`) for a damaged row, or one whose solution
  ///   is none.
  package static func rows(of paths: [String]) throws(FulcrumError) -> [PublishedRow] {
    try RowFile.rows(
      of: paths,
      read: { (line, file) throws(FulcrumError) in try PublishedRow(line, of: file) },
      check: requireSolved)
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

  /// Checks that no row's solution contradicts the row's own statements.
  private static func requireSolved(_ rows: [PublishedRow]) throws(FulcrumError) {
    let wrong = rows.filter { $0.contradiction != nil }
    guard let first = wrong.first, let contradiction = first.contradiction else { return }
    throw FulcrumError(
      .data,
      "expected a solution that the row's 'statements' allow, got \(contradiction)"
        + RowFile.more(wrong.map(\.location), of: rows.count),
      at: first.location, hint: "correct or remove such rows: no answer of theirs can be judged")
  }
}
