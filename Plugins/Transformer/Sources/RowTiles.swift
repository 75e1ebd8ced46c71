/// Splits rows into tiles, the unit of parallel work, each of which stays in a core's cache.
///
/// The split is a function of the number of rows alone, never of the number of threads, because a
/// sum over a tile's rows decides bits of the result. Every tile begins at a multiple of `granule`,
/// and the last is padded up to one.
package struct RowTiles: Sendable {
  /// The number of which buffers' row counts are multiples. Row counts of OpenBLAS's products are
  /// too, so that a row's bits don't depend on the other rows.
  package static let granule = 32

  package let rowCount: Int
  /// The number of rows of a tile; a multiple of `granule`.
  package let tileRows: Int

  /// - Parameter limit: the most rows of a tile.
  package init(rowCount: Int, limit: Int = 192) {
    self.rowCount = rowCount
    // Few rows make four tiles: enough for some cores, each still worth a product.
    let quarter = Self.padded((rowCount + 3) / 4)
    tileRows = max(Self.granule, min(quarter, Self.padded(limit)))
  }

  /// Returns `count` rounded up to a multiple of `granule`.
  package static func padded(_ count: Int, to granule: Int = Self.granule) -> Int {
    (count + granule - 1) / granule * granule
  }

  package var count: Int { (rowCount + tileRows - 1) / tileRows }

  /// Returns a tile's first row, the number of its real rows, and that of its rows with padding.
  package subscript(tile: Int) -> (first: Int, rows: Int, paddedRows: Int) {
    let first = tile * tileRows
    let rows = min(tileRows, rowCount - first)
    return (first, rows, Self.padded(rows))
  }
}
