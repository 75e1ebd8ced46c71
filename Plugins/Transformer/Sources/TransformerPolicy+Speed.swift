import FulcrumKernel
import TransformerFormats
import TransformerKernels

/// Reports figures with which a benchmark compares the policy's speed and the machine's.
extension TransformerPolicy: SpeedReportingPolicy {
  /// Counts two operations for each multiply-add: the layers' matrices for each row, attention's
  /// two products over the keys that a row sees, and the head for each scored token.
  ///
  /// Without a model, or without a token to score, there are 0 operations.
  package func matrixOperations(promptTokens: Int, completionTokens: Int) -> Double {
    guard let network, promptTokens > 0, completionTokens > 0 else { return 0 }
    let shape = network.shape
    // The last token predicts nothing and is not computed.
    let rows = Double(promptTokens + completionTokens - 1)
    let matrices = Double(
      network.width * (network.queryKeyValueStride + network.queryWidth + 3 * network.hiddenWidth))
    let attention = Double(network.queryWidth) * (rows + 1)
    let head = Double(network.logitCount * network.width * completionTokens)
    return 2 * (Double(shape.layerCount) * rows * (matrices + attention) + head)
  }

  /// Measures some square products of side 1024, one on each thread at the same time, by the
  /// library and in the precision of this policy, and returns the best.
  package func measureMatrixPeak() throws(FulcrumError) -> Double {
    MatrixProduct.prepare()
    let side = 1024
    let threads = pool.threadCount
    let backEnd = backEnd
    let memory = (0..<threads).map { _ in FloatBuffer(count: 3 * side * side) }
    var best = 0.0
    for _ in 0..<8 {
      let began = ContinuousClock.now
      pool.run(threads) { item, _ in
        let x = memory[item].pointer
        let (w, y) = (x + side * side, x + 2 * side * side)
        guard case .oneDNN(let precision) = backEnd else {
          return MatrixProduct.timesTransposed(
            x, stride: side, w, stride: side, into: y, stride: side, rows: side, inner: side,
            columns: side)
        }
        let length = Int32(side)
        let product = tk_product(
          rows: length, inner: length, columns: length, x_row_stride: length, x_inner_stride: 1,
          w_inner_stride: 0, w_column_stride: 0, y_stride: length,
          element: Int32(precision.element.rawValue), adds: 0)
        OneDNN.multiply(product, x, w, y)
      }
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      best = max(best, 2 * Double(threads * side * side * side) / seconds)
    }
    return best
  }
}
