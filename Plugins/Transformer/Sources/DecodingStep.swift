import TransformerFormats
import TransformerKernels

/// Takes one token of every active sample: the forward pass with one row for each sample.
extension Wave {
  /// The least rows for each thread at which threads share out rows. For fewer, threads share out
  /// the columns, so that each reads only its part of the weights.
  private static let rowsPerThread = 32

  /// Tells whether threads share out the columns of a step's products: few rows, or fewer tiles of
  /// rows than threads.
  static func sharesColumns(rows: Int, threads: Int, _ backEnd: ProductBackEnd) -> Bool {
    guard backEnd != .openBLAS else { return false }
    let tiles = RowTiles(rowCount: rows, limit: WorkerScratch.tileRows)
    return rows <= rowsPerThread * threads || tiles.count < threads
  }

  /// Cuts a step's rows into slabs that fit the calling thread's memory, of about the same size.
  static func slabs(rows: Int) -> [Range<Int>] {
    let count = (rows + WorkerScratch.tileRows - 1) / WorkerScratch.tileRows
    let size = RowTiles.padded((rows + count - 1) / count)
    return stride(from: 0, to: rows, by: size).map { $0..<min($0 + size, rows) }
  }

  func step() {
    rowTokens.withUnsafeBufferPointer { tokens in
      rowPositions.withUnsafeBufferPointer { positions in
        guard let tokens = tokens.baseAddress, let positions = positions.baseAddress else { return }
        network.transient.reserve(rows: active.count)
        if Self.sharesColumns(
          rows: active.count, threads: network.pool.threadCount, network.backEnd)
        {
          stepByColumns(tokens, positions)
        } else {
          stepByRows(tokens, positions)
        }
      }
    }
  }

  private func stepByRows(_ tokens: UnsafePointer<Int32>, _ positions: UnsafePointer<Int32>) {
    let network = network
    let activations = network.transient
    let tiles = RowTiles(rowCount: active.count, limit: WorkerScratch.tileRows)
    let layerCount = network.shape.layerCount
    network.pool.run(tiles.count) { tile, worker in
      let (first, rows, padded) = tiles[tile]
      network.embed(
        tokens + first, rows: rows, paddedRows: padded,
        into: activations.residual(0) + first * network.width)
      network.beginLayer(
        0, activations, first: first, rows: padded, positions, network.scratch[worker])
    }
    for layer in 0..<layerCount {
      attend(layer: layer, activations)
      network.pool.run(tiles.count) { tile, worker in
        let (first, _, padded) = tiles[tile]
        let scratch = network.scratch[worker]
        network.endLayer(layer, activations, first: first, rows: padded, scratch)
        if layer + 1 < layerCount {
          network.beginLayer(
            layer + 1, activations, first: first, rows: padded, positions, scratch)
        }
      }
    }
    let headTiles = network.headTiles(active.count)
    network.pool.run(headTiles.count) { tile, worker in
      let (first, rows, padded) = headTiles[tile]
      let scratch = network.scratch[worker]
      let logits = self.logits(first: first, rows: padded, isShared: false, scratch)
      for row in 0..<rows { self.draw(row: first + row, of: logits, at: row, scratch) }
    }
  }

  /// Runs slabs of rows, one after the other. Norms and rotations are little, and the calling thread
  /// does them.
  private func stepByColumns(_ tokens: UnsafePointer<Int32>, _ positions: UnsafePointer<Int32>) {
    let network = network
    let activations = network.transient
    let scratch = network.scratch[0]
    let layerCount = network.shape.layerCount
    let slabs = Self.slabs(rows: active.count).map {
      (
        first: $0.lowerBound, rows: $0.count,
        padded: RowTiles.padded($0.count, to: network.backEnd.granule)
      )
    }
    for slab in slabs {
      network.embed(
        tokens + slab.first, rows: slab.rows, paddedRows: slab.padded,
        into: activations.residual(0) + slab.first * network.width)
    }
    for layer in 0..<layerCount {
      for slab in slabs {
        network.beginLayer(
          layer, activations, first: slab.first, rows: slab.padded, positions, isShared: true,
          scratch)
      }
      attend(layer: layer, activations)
      for slab in slabs {
        network.endLayer(
          layer, activations, first: slab.first, rows: slab.padded, isShared: true, scratch)
      }
    }
    for slab in slabs {
      let logits = logits(first: slab.first, rows: slab.padded, isShared: true, scratch)
      network.pool.run(slab.rows) { row, worker in
        self.draw(row: slab.first + row, of: logits, at: row, network.scratch[worker])
      }
    }
  }

  /// Computes the logits of rows of the last layer's exit, in scratch memory.
  private func logits(
    first: Int, rows: Int, isShared: Bool, _ scratch: WorkerScratch
  ) -> FloatBuffer.Pointer {
    let logits = scratch.logits.reserve(rows * network.logitCount)
    network.normalize(
      network.transient.residual(network.shape.layerCount) + first * network.width,
      gain: network.layout.finalNorm, into: scratch.hidden.pointer, rows: rows)
    network.multiplyHead(
      scratch.hidden.pointer, rows: rows, into: logits, isShared: isShared, scratch)
    return logits
  }

  private func draw(
    row: Int, of logits: FloatBuffer.Pointer, at place: Int, _ scratch: WorkerScratch
  ) {
    draw(active[row], logits: logits + place * network.logitCount, scratch)
  }

  /// Stores each row's key and value, and attends to its prompt's and its own.
  private func attend(layer: Int, _ activations: Activations) {
    let keyHeads = network.shape.keyValueHeadCount
    let chunks = chunks
    network.pool.run(chunks.count * keyHeads) { item, worker in
      self.attend(
        chunks[item / keyHeads], layer: layer, keyHead: item % keyHeads, activations,
        self.network.scratch[worker])
    }
  }

  /// The rows' scores lie as if prompt and completion were one sequence, as they do in training.
  private func attend(
    _ chunk: Chunk, layer: Int, keyHead: Int, _ activations: Activations,
    _ scratch: WorkerScratch
  ) {
    let layout = network.keyValueLayout
    let headSize = layout.headSize
    let paddedHead = layout.paddedHeadSize
    let headsPerKey = network.headsPerKey
    let queryKeyValue = activations.queryKeyValue(layer)
    let scores = scratch.scores.pointer
    let stride = scratch.scoreStride
    let sums = scratch.sums.pointer
    let promptLength = samples[active[chunk.rows.lowerBound]].promptLength
    let ownIndex = position - 1
    let rowCount = chunk.rows.count * headsPerKey

    for (i, row) in chunk.rows.enumerated() {
      let query =
        queryKeyValue + row * network.queryKeyValueStride + keyHead * headsPerKey * headSize
      for head in 0..<headsPerKey {
        scratch.queries[i * headsPerKey + head] = UnsafePointer(query + head * headSize)
      }
    }
    tk_attention_scores(
      scratch.queries, Int32(rowCount),
      promptCache.keys(prompt: chunk.prompt, layer: layer, head: keyHead), Int32(promptLength),
      Int32(headSize), network.attentionScale, scores, Int32(stride))
    for (i, row) in chunk.rows.enumerated() {
      let key =
        queryKeyValue + row * network.queryKeyValueStride + network.queryWidth + keyHead * headSize
      let keys = completionCache.keys(sample: active[row], layer: layer, head: keyHead)
      layout.store(
        key: key, value: key + network.keyWidth, at: ownIndex, keys: keys,
        values: completionCache.values(sample: active[row], layer: layer, head: keyHead))
      tk_attention_scores(
        scratch.queries + i * headsPerKey, Int32(headsPerKey), keys, Int32(ownIndex + 1),
        Int32(headSize), network.attentionScale, scores + i * headsPerKey * stride + promptLength,
        Int32(stride))
    }
    let columns = Int32(promptLength + ownIndex + 1)
    for i in 0..<rowCount {
      var logSum: Float = 0
      let sum = tk_attention_softmax(scores + i * stride, columns, columns, &logSum)
      scratch.reciprocals.pointer[i] = 1 / sum
    }
    sums.update(repeating: 0, count: rowCount * paddedHead)
    tk_attention_values(
      scores, Int32(stride), Int32(rowCount),
      promptCache.values(prompt: chunk.prompt, layer: layer, head: keyHead), Int32(promptLength),
      Int32(paddedHead), sums)
    for (i, row) in chunk.rows.enumerated() {
      let first = i * headsPerKey
      tk_attention_values(
        scores + first * stride + promptLength, Int32(stride), Int32(headsPerKey),
        completionCache.values(sample: active[row], layer: layer, head: keyHead),
        Int32(ownIndex + 1), Int32(paddedHead), sums + first * paddedHead)
      let output =
        activations.attended(layer) + row * network.queryWidth + keyHead * headsPerKey * headSize
      for head in 0..<headsPerKey {
        tk_scale(
          sums + (first + head) * paddedHead, scratch.reciprocals.pointer[first + head],
          output + head * headSize, Int32(headSize))
      }
    }
  }
}
