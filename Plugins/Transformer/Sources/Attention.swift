import TransformerFormats
import TransformerKernels

/// Computes causal attention over packed sequences: one item of work for each chunk and key head.
///
/// A run's keys lie after those of the prompt that it shares, as if the sequence were alone. Scores,
/// softmax and weighted sum of a query row are computed in an order that depends on its position
/// alone, the same here and one token at a time (`Decoder`), so all give the same bits.
extension Network {
  /// The number of query rows of one head that are taken together.
  private static let blockRows = 8

  func attend(
    _ batch: PackedBatch, _ activations: Activations, layer: Int, cache: PromptCache?,
    firstPrompt: Int
  ) {
    let keyHeads = shape.keyValueHeadCount
    pool.run(batch.chunks.count * keyHeads) { item, worker in
      let chunk = batch.chunks[item / keyHeads]
      let keyHead = item % keyHeads
      let scratch = self.scratch[worker]
      let prompt = firstPrompt + item / keyHeads
      let keys = cache?.keys(prompt: prompt, layer: layer, head: keyHead) ?? scratch.keys.pointer
      let values =
        cache?.values(prompt: prompt, layer: layer, head: keyHead) ?? scratch.values.pointer
      let queryKeyValue = activations.queryKeyValue(layer)
      let isLast = layer + 1 == self.shape.layerCount
      self.packKeyValues(
        queryKeyValue, chunk.prompt, at: 0, keyHead: keyHead, keys: keys, values: values)
      for run in chunk.runs {
        let rows = batch.runs[run]
        self.packKeyValues(
          queryKeyValue, rows, at: chunk.prompt.count, keyHead: keyHead, keys: keys, values: values)
        self.attend(
          batch.queries(ofRun: run, isLast: isLast), after: chunk.prompt.count, activations,
          layer: layer, keyHead: keyHead, keys: keys, values: values, scratch)
      }
    }
  }

  /// - Parameter place: the first row's place among the keys.
  private func packKeyValues(
    _ queryKeyValue: FloatBuffer.Pointer, _ rows: Range<Int>, at place: Int, keyHead: Int,
    keys: FloatBuffer.Pointer, values: FloatBuffer.Pointer
  ) {
    let headSize = shape.headSize
    for (i, row) in rows.enumerated() {
      let key = queryKeyValue + row * queryKeyValueStride + queryWidth + keyHead * headSize
      keyValueLayout.store(
        key: key, value: key + keyWidth, at: place + i, keys: keys, values: values)
    }
  }

  /// Computes softmax(q kᵀ / √headSize + causal mask) v for the query heads of one key head.
  ///
  /// - Parameter place: the place of the run's first row among the keys.
  private func attend(
    _ queries: RunQueries, after place: Int, _ activations: Activations, layer: Int, keyHead: Int,
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
      for begin in Swift.stride(from: 0, to: queries.count, by: Self.blockRows) {
        let count = min(Self.blockRows, queries.count - begin)
        // The last row of the block sees all of these keys; the other rows have zero weights at
        // some.
        let columns = place + queries.sight(begin + count - 1)
        for i in 0..<count {
          scratch.queries[i] = UnsafePointer(
            queryKeyValue + queries.row(begin + i) * queryKeyValueStride + head * headSize)
        }
        tk_attention_scores(
          scratch.queries, Int32(count), keys, Int32(columns), Int32(headSize), attentionScale,
          scores, Int32(stride))
        sums.update(repeating: 0, count: count * paddedHead)
        for i in 0..<count {
          let sum = tk_attention_softmax(
            scores + i * stride, Int32(place + queries.sight(begin + i)), Int32(columns),
            logSums + (queries.firstOutput + begin + i) * shape.headCount + head)
          scratch.reciprocals.pointer[i] = 1 / sum
        }
        tk_attention_values(
          scores, Int32(stride), Int32(count), values, Int32(columns), Int32(paddedHead), sums)
        for i in 0..<count {
          tk_scale(
            sums + i * paddedHead, scratch.reciprocals.pointer[i],
            attended + (queries.firstOutput + begin + i) * queryWidth + head * headSize,
            Int32(headSize))
        }
      }
    }
  }
}
