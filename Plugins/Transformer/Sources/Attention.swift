import TransformerFormats
import TransformerKernels

/// Causal attention over packed sequences: one item of work for each sequence and key head.
///
/// Scores, softmax and weighted sum of a query row are computed in an order that depends on its
/// position alone, the same here and one token at a time (`Decoder`), so both give the same bits.
extension Network {
  /// Query rows of one head that are taken together.
  private static let blockRows = 8

  func attend(
    _ batch: PackedBatch, _ activations: Activations, layer: Int, cache: PromptCache?,
    firstPrompt: Int
  ) {
    let keyHeads = shape.keyValueHeadCount
    pool.run(batch.sequenceCount * keyHeads) { item, worker in
      let sequence = item / keyHeads
      let keyHead = item % keyHeads
      let scratch = self.scratch[worker]
      let rows = batch.starts[sequence]..<batch.starts[sequence + 1]
      let prompt = firstPrompt + sequence
      let keys = cache?.keys(prompt: prompt, layer: layer, head: keyHead) ?? scratch.keys.pointer
      let values =
        cache?.values(prompt: prompt, layer: layer, head: keyHead) ?? scratch.values.pointer
      self.packKeyValues(
        activations.queryKeyValue(layer), rows, keyHead: keyHead, keys: keys, values: values)
      self.attend(
        rows, activations, layer: layer, keyHead: keyHead, keys: keys, values: values, scratch)
    }
  }

  private func packKeyValues(
    _ queryKeyValue: FloatBuffer.Pointer, _ rows: Range<Int>, keyHead: Int,
    keys: FloatBuffer.Pointer, values: FloatBuffer.Pointer
  ) {
    let headSize = shape.headSize
    for row in rows {
      let key = queryKeyValue + row * queryKeyValueStride + queryWidth + keyHead * headSize
      keyValueLayout.store(
        key: key, value: key + keyWidth, at: row - rows.lowerBound, keys: keys, values: values)
    }
  }

  /// softmax(q kᵀ / √headSize + causal mask) v for the query heads of one key head.
  private func attend(
    _ rows: Range<Int>, _ activations: Activations, layer: Int, keyHead: Int,
    keys: FloatBuffer.Pointer, values: FloatBuffer.Pointer, _ scratch: WorkerScratch
  ) {
    let headSize = shape.headSize
    let paddedHead = keyValueLayout.paddedHeadSize
    let queryKeyValue = activations.queryKeyValue(layer)
    let attended = activations.attended(layer)
    let logSums = activations.logSum(layer)
    let scores = scratch.scores.pointer
    let stride = scratch.scoreStride
    let sums = scratch.sums.pointer
    for head in keyHead * headsPerKey..<(keyHead + 1) * headsPerKey {
      for begin in Swift.stride(from: 0, to: rows.count, by: Self.blockRows) {
        let count = min(Self.blockRows, rows.count - begin)
        // The last row of the block sees so many keys; the others have zero weights there.
        let columns = begin + count
        for i in 0..<count {
          scratch.queries[i] = UnsafePointer(
            queryKeyValue + (rows.lowerBound + begin + i) * queryKeyValueStride + head * headSize)
        }
        tk_attention_scores(
          scratch.queries, Int32(count), keys, Int32(columns), Int32(headSize), attentionScale,
          scores, Int32(stride))
        sums.update(repeating: 0, count: count * paddedHead)
        for i in 0..<count {
          let row = rows.lowerBound + begin + i
          let sum = tk_attention_softmax(
            scores + i * stride, Int32(begin + i + 1), Int32(columns),
            logSums + row * shape.headCount + head)
          scratch.reciprocals.pointer[i] = 1 / sum
        }
        tk_attention_values(
          scores, Int32(stride), Int32(count), values, Int32(columns), Int32(paddedHead), sums)
        for i in 0..<count {
          tk_scale(
            sums + i * paddedHead, scratch.reciprocals.pointer[i],
            attended + (rows.lowerBound + begin + i) * queryWidth + head * headSize,
            Int32(headSize))
        }
      }
    }
  }
}
