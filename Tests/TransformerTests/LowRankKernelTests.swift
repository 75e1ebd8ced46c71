import Testing
import TransformerKernels
import TransformerPlugin

/// The products of the adapters' factors.
struct LowRankKernelTests {
  private func numbers(_ count: Int, _ factor: Int) -> [Float] {
    (0..<count).map { Float(($0 * factor + 11) % 97 - 48) / 32 }
  }

  /// y = scale · x w, or y + scale · x w; rows are further apart than they are long.
  private func product(
    _ x: [Float], _ w: [Float], _ y: [Float], rows: Int, inner: Int, columns: Int, adds: Bool
  ) -> [Float] {
    var y = y
    var sizes = tk_thin(
      rows: Int32(rows), inner: Int32(inner), columns: Int32(columns), x_stride: Int32(inner + 3),
      w_stride: Int32(columns + 1), y_stride: Int32(columns + 2), scale: 0.75, adds: adds ? 1 : 0)
    tk_thin_product(&sizes, x, w, &y)
    return y
  }

  /// Every remainder of the blocks of 8 rows and of 16, 8, 4 and 1 columns.
  @Test(arguments: [1, 2, 3, 8, 13, 31, 47], [false, true])
  func `products agree with Double, and a row's bits don't depend on other rows`(
    columns: Int, adds: Bool
  ) {
    for (rows, inner) in [(1, 5), (8, 64), (21, 3), (15, 200)] {
      let x = numbers(rows * (inner + 3), 31)
      let w = numbers(inner * (columns + 1), 17)
      let before = numbers(rows * (columns + 2), 7)
      let y = product(x, w, before, rows: rows, inner: inner, columns: columns, adds: adds)
      for row in 0..<rows {
        for column in 0..<columns + 2 {
          let place = row * (columns + 2) + column
          guard column < columns else {
            #expect(y[place] == before[place], "the gap is untouched")
            continue
          }
          let sum = (0..<inner).reduce(0.0) {
            $0 + Double(x[row * (inner + 3) + $1]) * Double(w[$1 * (columns + 1) + column])
          }
          let wanted = 0.75 * sum + (adds ? Double(before[place]) : 0)
          // Sums of up to 200 products below 2.25, each rounded at 6e-8 of a sum below 60.
          #expect(abs(Double(y[place]) - wanted) < 2e-4)
        }
        let alone = product(
          Array(x[(row * (inner + 3))...]), w, Array(before[(row * (columns + 2))...]), rows: 1,
          inner: inner, columns: columns, adds: adds)
        #expect(alone.prefix(columns) == y[(row * (columns + 2))...].prefix(columns))
      }
    }
  }

  @Test func `a transposed matrix has its rows as columns`() {
    for (rows, columns) in [(1, 5), (16, 16), (33, 7), (5, 40)] {
      let x = numbers(rows * columns, 29)
      var y = [Float](repeating: 0, count: rows * columns)
      tk_transpose(x, &y, Int32(rows), Int32(columns))
      for r in 0..<rows {
        for c in 0..<columns { #expect(y[c * rows + r] == x[r * columns + c]) }
      }
    }
    #expect(tk_is_zero([0, -0.0, 0], 3) == 1 && tk_is_zero([0, 0, 1e-40], 3) == 0)
  }
}
