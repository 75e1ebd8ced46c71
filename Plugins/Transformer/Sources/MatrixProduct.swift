import COpenBLAS

/// Calls OpenBLAS, here alone: row-major products in single precision, on one thread.
///
/// Rows of `y` don't depend on their number as long as that is a multiple of `RowTiles.granule`
/// (OpenBLAS takes other kernels at ragged edges), where `rowsStandAlone`.
package enum MatrixProduct {
  /// Limits OpenBLAS to one thread, once: each of our threads calls OpenBLAS for itself, and its
  /// own would only contend.
  private static let singleThread: Void = openblas_set_num_threads(1)

  /// The most results of a product that goes to OpenBLAS's kernels for small matrices, which sum in
  /// another order (`sgemm_small_kernel_permit` for AVX-512).
  private static let smallProduct = 1200

  /// Readies OpenBLAS. Call this before the first product.
  package static func prepare() { _ = singleThread }

  /// OpenBLAS's name for the processor, by which it chose its kernels: bits depend on it.
  package static var coreName: String { String(cString: openblas_get_corename()) }

  /// Whether a row's bits are the same at any place among its rows.
  ///
  /// OpenBLAS's kernels for AVX2 sum rows 6 to 11 of every twelve in another order than rows 0 to 5
  /// (seen with 0.3.21, which takes them on processors newer than itself, too). A token's
  /// log-probability then differs in its last bits between sampling and training.
  package static var rowsStandAlone: Bool { !["Haswell", "Zen"].contains(coreName) }

  /// Computes y = x · wᵀ + scale · y: a linear layer forward.
  ///
  /// - Shape: x `[rows, inner]`, w `[columns, inner]`, y `[rows, columns]`; strides are the
  ///   distances between rows.
  static func timesTransposed(
    _ x: UnsafePointer<Float>, stride xStride: Int, _ w: UnsafePointer<Float>, stride wStride: Int,
    into y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int, inner: Int, columns: Int,
    keeping scale: Float = 0
  ) {
    // Narrow products go by equal blocks, so that all of them take the same kernel.
    let isNarrow = RowTiles.granule * columns <= smallProduct && rows > RowTiles.granule
    let block = isNarrow ? RowTiles.granule : rows
    for first in stride(from: 0, to: rows, by: block) {
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, Int32(min(block, rows - first)), Int32(columns),
        Int32(inner), 1, x + first * xStride, Int32(xStride), w, Int32(wStride), scale,
        y + first * yStride, Int32(yStride))
    }
  }

  /// Computes y = x · w + scale · y: a linear layer's gradient for its input.
  ///
  /// - Shape: x `[rows, inner]`, w `[inner, columns]`, y `[rows, columns]`.
  @inline(__always)
  static func times(
    _ x: UnsafePointer<Float>, stride xStride: Int, _ w: UnsafePointer<Float>, stride wStride: Int,
    into y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int, inner: Int, columns: Int,
    keeping scale: Float = 0
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), 1, x,
      Int32(xStride), w, Int32(wStride), scale, y, Int32(yStride))
  }

  /// Computes y = y + aᵀ · b: a linear layer's gradient for its weight.
  ///
  /// - Shape: a `[inner, rows]`, b `[inner, columns]`, y `[rows, columns]`.
  @inline(__always)
  static func addTransposedTimes(
    _ a: UnsafePointer<Float>, stride aStride: Int, _ b: UnsafePointer<Float>, stride bStride: Int,
    into y: UnsafeMutablePointer<Float>, stride yStride: Int, rows: Int, inner: Int, columns: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), 1, a,
      Int32(aStride), b, Int32(bStride), 1, y, Int32(yStride))
  }
}
