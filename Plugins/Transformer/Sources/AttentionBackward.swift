import TransformerFormats
import TransformerKernels

/// Runs the backward pass of causal attention. Scores are computed again, block by block of query
/// rows.
extension Network {
  /// Sets the gradients of a chunk's queries, keys and values for one key head, and the chunk's part
  /// of its prompt's, rotation undone.
  ///
  /// With p = softmax(s), s = scale · q kᵀ and D = Σ p ∂p = o · ∂o:
  /// ∂v = pᵀ ∂o, ∂s = p (∂o vᵀ − D), ∂q = scale · ∂s k, ∂k = scale · ∂sᵀ q.
  /// - Source: FlashAttention (arXiv 2205.14135), appendix B.2.
  func attendBackward(
    _ batch: PackedBatch, _ chunk: PackedBatch.Chunk, _ activations: Activations, layer: Int,
    keyHead: Int, _ scratch: WorkerScratch
  ) {
    let stride = queryKeyValueStride
    let gradient = backwardBuffers.queryKeyValue[layer % 2].pointer
    let keyColumn = queryWidth + keyHead * shape.headSize
    let sums =
      backwardBuffers.promptSums.pointer + chunk.sumRow * 2 * keyWidth + keyHead * shape.headSize
    clearKeyValues(sums, stride: 2 * keyWidth, rows: chunk.prompt.count)
    let heads = keyHead * headsPerKey..<(keyHead + 1) * headsPerKey
    for run in chunk.runs {
      let rows = batch.runs[run]
      let queries = batch.queries(ofRun: run, isLast: layer + 1 == shape.layerCount)
      let runGradient = gradient + rows.lowerBound * stride + keyColumn
      clearKeyValues(runGradient, stride: stride, rows: rows.count)
      if queries.rows != nil {
        for row in rows {
          (gradient + row * stride + heads.lowerBound * shape.headSize).update(
            repeating: 0, count: heads.count * shape.headSize)
        }
      }
      for head in heads {
        for begin in Swift.stride(from: 0, to: queries.count, by: WorkerScratch.backwardRows) {
          let end = min(begin + WorkerScratch.backwardRows, queries.count)
          attendBackward(
            queries, begin..<end,
            KeyBlock(rows: chunk.prompt, gradient: sums, gradientStride: 2 * keyWidth),
            KeyBlock(
              rows: rows.lowerBound..<rows.lowerBound + queries.sight(end - 1),
              gradient: runGradient, gradientStride: stride),
            activations, layer: layer, head: head, scratch)
        }
      }
    }
    batch.positions.withUnsafeBufferPointer { positions in
      guard let positions = positions.baseAddress else { return }
      for run in chunk.runs {
        let rows = batch.runs[run]
        let place = gradient + rows.lowerBound * stride
        rotary.rotateBack(
          place + heads.lowerBound * shape.headSize, stride: stride,
          positions: positions + rows.lowerBound, count: rows.count, heads: heads.count)
        rotary.rotateBack(
          place + keyColumn, stride: stride, positions: positions + rows.lowerBound,
          count: rows.count, heads: 1)
      }
      rotary.rotateBack(
        sums, stride: 2 * keyWidth, positions: positions + chunk.prompt.lowerBound,
        count: chunk.prompt.count, heads: 1)
    }
  }

  private func clearKeyValues(_ keys: FloatBuffer.Pointer, stride: Int, rows: Int) {
    for row in 0..<rows {
      (keys + row * stride).update(repeating: 0, count: shape.headSize)
      (keys + row * stride + keyWidth).update(repeating: 0, count: shape.headSize)
    }
  }

  /// Holds adjacent rows' keys of one head, and the place of their gradients' sums. Values and
  /// their gradients are `keyWidth` further on.
  private struct KeyBlock {
    let rows: Range<Int>
    let gradient: FloatBuffer.Pointer
    let gradientStride: Int
  }

  /// Takes one head's block of queries against the prompt's keys, and their own up to the last
  /// one's.
  private func attendBackward(
    _ queries: RunQueries, _ block: Range<Int>, _ prompt: KeyBlock, _ own: KeyBlock,
    _ activations: Activations, layer: Int, head: Int, _ scratch: WorkerScratch
  ) {
    let headSize = shape.headSize
    let stride = queryKeyValueStride
    let queryKeyValue = activations.queryKeyValue(layer)
    let keys = queryKeyValue + queryWidth + head / headsPerKey * headSize
    let firstOutput = queries.firstOutput + block.lowerBound
    let output = activations.attended(layer) + firstOutput * queryWidth + head * headSize
    let outputGradient =
      backwardBuffers.attended.pointer + firstOutput * queryWidth + head * headSize
    let gradients = backwardBuffers.queryKeyValue[layer % 2].pointer + head * headSize
    // Products take adjacent rows: scattered ones are copied together, and their gradients are
    // copied back.
    var query = queryKeyValue + queries.row(block.lowerBound) * stride + head * headSize
    var queryGradient = gradients + queries.row(block.lowerBound) * stride
    var queryStride = stride
    let isScattered = queries.rows != nil
    if isScattered {
      queryStride = headSize
      let copies = scratch.scatteredQueries.reserve(2 * WorkerScratch.backwardRows * headSize)
      for (i, place) in block.enumerated() {
        (copies + i * headSize).update(
          from: queryKeyValue + queries.row(place) * stride + head * headSize, count: headSize)
      }
      query = copies
      queryGradient = copies + WorkerScratch.backwardRows * headSize
    }
    let space = WorkerScratch.backwardRows * shape.contextLength
    let probabilities = scratch.probabilities.reserve(space)
    let probabilityGradients = scratch.probabilityGradients.reserve(space)
    let columns = prompt.rows.count + own.rows.count

    func score(_ keyBlock: KeyBlock, column: Int) {
      let key = keys + keyBlock.rows.lowerBound * stride
      MatrixProduct.timesTransposed(
        query, stride: queryStride, key, stride: stride, into: probabilities + column,
        stride: columns, rows: block.count, inner: headSize, columns: keyBlock.rows.count)
      MatrixProduct.timesTransposed(
        outputGradient, stride: queryWidth, key + keyWidth, stride: stride,
        into: probabilityGradients + column, stride: columns, rows: block.count, inner: headSize,
        columns: keyBlock.rows.count)
    }
    func addGradients(_ keyBlock: KeyBlock, column: Int, keeping scale: Float) {
      MatrixProduct.times(
        probabilityGradients + column, stride: columns, keys + keyBlock.rows.lowerBound * stride,
        stride: stride, into: queryGradient, stride: queryStride, rows: block.count,
        inner: keyBlock.rows.count, columns: headSize, keeping: scale)
      MatrixProduct.addTransposedTimes(
        probabilityGradients + column, stride: columns, query, stride: queryStride,
        into: keyBlock.gradient, stride: keyBlock.gradientStride, rows: keyBlock.rows.count,
        inner: block.count, columns: headSize)
      MatrixProduct.addTransposedTimes(
        probabilities + column, stride: columns, outputGradient, stride: queryWidth,
        into: keyBlock.gradient + keyWidth, stride: keyBlock.gradientStride,
        rows: keyBlock.rows.count, inner: block.count, columns: headSize)
    }

    let hasPrompt = !prompt.rows.isEmpty
    if hasPrompt { score(prompt, column: 0) }
    score(own, column: prompt.rows.count)
    for (i, place) in block.enumerated() {
      let dot = tk_dot(
        output + i * queryWidth, outputGradient + i * queryWidth, Int32(headSize))
      tk_attention_backward_row(
        probabilities + i * columns, probabilityGradients + i * columns,
        Int32(prompt.rows.count + queries.sight(place)), Int32(columns), attentionScale,
        activations.logSum(layer)[(firstOutput + i) * shape.headCount + head], dot)
    }
    if hasPrompt { addGradients(prompt, column: 0, keeping: 0) }
    addGradients(own, column: prompt.rows.count, keeping: hasPrompt ? 1 : 0)
    guard isScattered else { return }
    for (i, place) in block.enumerated() {
      (gradients + queries.row(place) * stride).update(
        from: queryGradient + i * headSize, count: headSize)
    }
  }

  /// Adds the chunks' parts of a layer's key and value gradients to those of their prompts' rows.
  func addPromptSums(_ batch: PackedBatch, layer: Int) {
    let gradient = backwardBuffers.queryKeyValue[layer % 2].pointer + queryWidth
    let sums = backwardBuffers.promptSums.pointer
    pool.run(batch.sharedPrompts.count) { item, _ in
      for chunk in batch.chunks[batch.sharedPrompts[item]] {
        for (i, row) in chunk.prompt.enumerated() {
          tk_add(
            sums + (chunk.sumRow + i) * 2 * self.keyWidth,
            gradient + row * self.queryKeyValueStride, Int32(2 * self.keyWidth))
        }
      }
    }
  }
}
