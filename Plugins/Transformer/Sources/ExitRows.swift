/// Lists the rows whose exit from the last layer is read: those that predict a token that takes
/// part.
///
/// Of the other rows, attention reads only keys and values there. So queries, outputs and the
/// feed-forward layer are computed for the listed rows alone. Buffers behind the last layer's
/// attention have one row for each of them, one after another.
package struct ExitRows {
  /// The rows, ascending.
  package let rows: [Int32]
  /// Each target's place in `rows`.
  let ofTargets: [Int32]
  /// The places of each run's rows in `rows`.
  let ofRuns: [Range<Int>]

  /// - Parameters:
  ///   - predicting: the row that predicts each target; some predict several.
  ///   - runs: adjacent and ascending ranges, all rows together.
  init(predicting: [Int32], runs: [Range<Int>]) {
    var places = [Int32](repeating: -1, count: runs.last?.upperBound ?? 0)
    for row in predicting { places[Int(row)] = 0 }
    var rows: [Int32] = []
    for row in places.indices where places[row] == 0 {
      places[row] = Int32(rows.count)
      rows.append(Int32(row))
    }
    self.rows = rows
    ofTargets = predicting.map { places[Int($0)] }
    var begin = 0
    ofRuns = runs.map { run in
      var end = begin
      while end < rows.count, rows[end] < run.upperBound { end += 1 }
      defer { begin = end }
      return begin..<end
    }
  }
}

/// Lists the rows of a run that ask a layer's attention.
struct RunQueries {
  /// The run's first row.
  let firstRow: Int
  /// The place of the first query in the attention's output.
  let firstOutput: Int
  let count: Int
  /// The queries' rows; `nil`: all of the run.
  let rows: ArraySlice<Int32>?

  /// Returns the number of rows of its run that a query sees: its own and those before it.
  func sight(_ query: Int) -> Int { row(query) - firstRow + 1 }

  func row(_ query: Int) -> Int {
    guard let rows else { return firstRow + query }
    return Int(rows[firstOutput + query])
  }
}

extension PackedBatch {
  /// - Parameter isLast: whether the layer is the last one.
  func queries(ofRun run: Int, isLast: Bool) -> RunQueries {
    let rows = runs[run]
    guard isLast, let exits else {
      return RunQueries(
        firstRow: rows.lowerBound, firstOutput: rows.lowerBound, count: rows.count, rows: nil)
    }
    let places = exits.ofRuns[run]
    return RunQueries(
      firstRow: rows.lowerBound, firstOutput: places.lowerBound, count: places.count,
      rows: exits.rows[places])
  }
}
