import TransformerFormats
import TransformerKernels

/// Goes from a layer's normalised input to rotated queries and keys, and values; and back.
///
/// The families' additions lie between product and rotation: Qwen2 has a bias, Qwen3 an RMSNorm on
/// each head's query and key.
extension Network {
  /// - Parameters:
  ///   - input: `[rows, width]`; `first`: the first row's place in the activations.
  ///   - positions: the positions of all rows, from row 0.
  func project(
    _ layer: Int, _ input: FloatBuffer.Pointer, _ activations: Activations, first: Int, rows: Int,
    _ positions: UnsafePointer<Int32>, isShared: Bool, _ scratch: WorkerScratch
  ) {
    let offsets = layout.layers[layer]
    let stride = queryKeyValueStride
    let output = activations.queryKeyValue(layer) + first * stride
    multiply(
      input, stride: width, by: matrices.layers[layer].queryKeyValue, into: output,
      stride: stride, rows: rows, isShared: isShared, scratch)
    adapt(.queryKeyValue, layer: layer, input, into: output, rows: rows, scratch)
    if let bias = offsets.queryKeyValueBias {
      tk_add_to_rows(
        parameters.pointer + bias, output, Int32(stride), Int32(rows), Int32(stride))
    }
    if let norms = offsets.headNorms {
      if let plain = activations.plainQueryKey(layer) {
        for row in 0..<rows {
          (plain + (first + row) * queryKeyWidth).update(
            from: output + row * stride, count: queryKeyWidth)
        }
      }
      for part in [queryPart(norms), keyPart(norms)] {
        tk_rms_norm_heads(
          output + part.column, Int32(stride), parameters.pointer + part.gain, Int32(rows),
          Int32(part.heads), Int32(shape.headSize), epsilon)
      }
    }
    rotary.rotate(
      output, stride: stride, positions: positions + first, count: rows,
      heads: shape.headCount + shape.keyValueHeadCount)
  }

  /// Turns the gradients of queries, keys and values before the rotation into those of the product,
  /// and adds the rows' part of the biases' and the heads' gains' gradients to `sums`.
  func projectBackward(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int, sums: FloatBuffer.Pointer
  ) {
    let offsets = layout.layers[layer]
    let stride = queryKeyValueStride
    let gradient = backwardBuffers.queryKeyValue[layer % 2].pointer + first * stride
    if let norms = offsets.headNorms, let plain = activations.plainQueryKey(layer) {
      for part in [queryPart(norms), keyPart(norms)] {
        tk_rms_norm_heads_backward(
          plain + first * queryKeyWidth + part.column, Int32(queryKeyWidth),
          parameters.pointer + part.gain, gradient + part.column, Int32(stride),
          sums + part.sum, Int32(rows), Int32(part.heads), Int32(shape.headSize), epsilon)
      }
    }
    if offsets.queryKeyValueBias != nil {
      tk_sum_rows(
        gradient, Int32(stride), Int32(rows), Int32(stride), sums + vectorSums.queryKeyValueBias)
    }
  }

  /// Holds heads that share a gain: their first column in queries, keys and values, the number of
  /// heads, the gain's offset and its place in a tile's sums.
  private typealias HeadPart = (column: Int, heads: Int, gain: Int, sum: Int)

  private func queryPart(_ norms: ParameterLayout.HeadNorms) -> HeadPart {
    (0, shape.headCount, norms.query, vectorSums.queryNorm)
  }

  private func keyPart(_ norms: ParameterLayout.HeadNorms) -> HeadPart {
    (queryWidth, shape.keyValueHeadCount, norms.key, vectorSums.keyNorm)
  }
}
