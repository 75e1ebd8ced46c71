import TransformerFormats

/// Gradients of what the layers hand on, and what is computed again for weight gradients.
///
/// One set serves all layers, from the last to the first; `[rows, …]` each.
final class BackwardBuffers {
  /// For a layer's exit, and for the residual between its halves: `[rows, width]`.
  let exit = FloatBuffer()
  let middle = FloatBuffer()
  /// The normalised inputs of the two halves: `[rows, width]`.
  let attentionInput = FloatBuffer()
  let feedForwardInput = FloatBuffer()
  /// silu(gate) · up: `[rows, hiddenWidth]`.
  let activation = FloatBuffer()
  /// For the heads' outputs: `[rows, heads · headSize]`.
  let attended = FloatBuffer()
  /// For queries, keys and values, of even and of odd layers: one is read while the other is
  /// written.
  let queryKeyValue = [FloatBuffer(), FloatBuffer()]
  /// Each tile's part of the gradients of gains and biases: `[tiles, VectorSums.count]`.
  let vectorSums = FloatBuffer()

  func reserve(rows: Int, vectorSums count: Int, shape: ModelShape) {
    let rows = RowTiles.padded(rows)
    let queryWidth = shape.headCount * shape.headSize
    for buffer in [exit, middle, attentionInput, feedForwardInput] {
      buffer.reserve(rows * shape.width)
    }
    activation.reserve(rows * shape.hiddenWidth)
    attended.reserve(rows * queryWidth)
    for buffer in queryKeyValue {
      buffer.reserve(rows * (queryWidth + 2 * shape.keyValueHeadCount * shape.headSize))
    }
    vectorSums.reserve(count)
  }
}
