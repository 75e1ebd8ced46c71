import TransformerFormats
import TransformerKernels

/// The backward pass of causal attention: scores are computed again, block by block of query rows.
extension Network {
  /// Sets the gradients of one sequence's queries, keys and values for one key head, rotation
  /// undone.
  ///
  /// With p = softmax(s), s = scale · q kᵀ and D = Σ p ∂p = o · ∂o:
  /// ∂v = pᵀ ∂o, ∂s = p (∂o vᵀ − D), ∂q = scale · ∂s k, ∂k = scale · ∂sᵀ q.
  /// - Source: FlashAttention (arXiv 2205.14135), appendix B.2.
  func attendBackward(
    _ batch: PackedBatch, rows: Range<Int>, _ activations: Activations, layer: Int, keyHead: Int,
    _ scratch: WorkerScratch
  ) {
    guard !rows.isEmpty else { return }
    let headSize = shape.headSize
    let stride = queryKeyValueStride
    let keyOffset = rows.lowerBound * stride + queryWidth + keyHead * headSize
    let gradient = backwardBuffers.queryKeyValue[layer % 2].pointer
    let keyGradient = gradient + keyOffset
    for row in 0..<rows.count {
      (keyGradient + row * stride).update(repeating: 0, count: headSize)
      (keyGradient + row * stride + keyWidth).update(repeating: 0, count: headSize)
    }
    let heads = keyHead * headsPerKey..<(keyHead + 1) * headsPerKey
    for head in heads {
      for begin in Swift.stride(from: 0, to: rows.count, by: WorkerScratch.backwardRows) {
        let end = min(begin + WorkerScratch.backwardRows, rows.count)
        attendBackward(
          rows.lowerBound + begin..<rows.lowerBound + end, columns: end, activations,
          layer: layer, head: head, keyOffset: keyOffset, gradient: gradient, scratch)
      }
    }
    batch.positions.withUnsafeBufferPointer { positions in
      guard let positions = positions.baseAddress.map({ $0 + rows.lowerBound }) else { return }
      rotary.rotateBack(
        gradient + rows.lowerBound * stride + heads.lowerBound * headSize, stride: stride,
        positions: positions, count: rows.count, heads: heads.count)
      rotary.rotateBack(
        keyGradient, stride: stride, positions: positions, count: rows.count, heads: 1)
    }
  }

  /// One head's block of query rows against the keys that its last row sees.
  private func attendBackward(
    _ rows: Range<Int>, columns: Int, _ activations: Activations, layer: Int, head: Int,
    keyOffset: Int, gradient: FloatBuffer.Pointer, _ scratch: WorkerScratch
  ) {
    let headSize = shape.headSize
    let stride = queryKeyValueStride
    let queryKeyValue = activations.queryKeyValue(layer)
    let query = queryKeyValue + rows.lowerBound * stride + head * headSize
    let key = queryKeyValue + keyOffset
    let outputs = activations.attended(layer) + head * headSize
    let outputGradients = backwardBuffers.attended.pointer + head * headSize
    let outputGradient = outputGradients + rows.lowerBound * queryWidth
    let space = WorkerScratch.backwardRows * shape.contextLength
    let probabilities = scratch.probabilities.reserve(space)
    let probabilityGradients = scratch.probabilityGradients.reserve(space)

    MatrixProduct.timesTransposed(
      query, stride: stride, key, stride: stride, into: probabilities, stride: columns,
      rows: rows.count, inner: headSize, columns: columns)
    MatrixProduct.timesTransposed(
      outputGradient, stride: queryWidth, key + keyWidth, stride: stride,
      into: probabilityGradients, stride: columns, rows: rows.count, inner: headSize,
      columns: columns)
    for (i, row) in rows.enumerated() {
      let dot = tk_dot(
        outputs + row * queryWidth, outputGradients + row * queryWidth, Int32(headSize))
      tk_attention_backward_row(
        probabilities + i * columns, probabilityGradients + i * columns,
        Int32(columns - rows.count + i + 1), Int32(columns), attentionScale,
        activations.logSum(layer)[row * shape.headCount + head], dot)
    }
    MatrixProduct.times(
      probabilityGradients, stride: columns, key, stride: stride,
      into: gradient + rows.lowerBound * stride + head * headSize, stride: stride,
      rows: rows.count, inner: columns, columns: headSize)
    MatrixProduct.addTransposedTimes(
      probabilityGradients, stride: columns, query, stride: stride, into: gradient + keyOffset,
      stride: stride, rows: columns, inner: rows.count, columns: headSize)
    MatrixProduct.addTransposedTimes(
      probabilities, stride: columns, outputGradient, stride: queryWidth,
      into: gradient + keyOffset + keyWidth, stride: stride, rows: columns, inner: rows.count,
      columns: headSize)
  }
}
