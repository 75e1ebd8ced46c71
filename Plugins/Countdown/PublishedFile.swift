import FulcrumKernel
import RowParts

/// Reads files of TinyZero's data: JSON Lines, a puzzle a line.
package enum PublishedFile {
  /// Returns the rows of all files, in order; blank lines are skipped.
  ///
  /// - Throws: what `RowFile` throws; `.data` (at `file:line`) for a damaged row.
  package static func rows(of paths: [String]) throws(FulcrumError) -> [PublishedRow] {
    try RowFile.rows(of: paths) { (line, file) throws(FulcrumError) in
      try PublishedRow(line, of: file)
    }
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
    throw FulcrumError(
      .data,
      "expected held-out puzzles apart from training, got the one of \(location) again"
        + RowFile.more(repeated.map(\.location), of: heldOut.count),
      at: first.location, hint: "remove such rows from 'files' or from 'held-out-files'")
  }
}
