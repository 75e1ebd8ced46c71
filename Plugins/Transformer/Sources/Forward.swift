import TransformerFormats
import TransformerKernels

/// Runs the forward pass: tiles of rows for all that is local to a row, heads of sequences for
/// attention.
extension Network {
  /// Runs all layers over packed sequences; the last layer's exit is `residual(layerCount)`.
  ///
  /// - Parameters:
  ///   - cache: stores each sequence's keys and values; `nil`: they go to scratch memory.
  ///   - firstPrompt: the first sequence's place in the cache.
  func forward(
    _ batch: PackedBatch, _ activations: Activations, cache: PromptCache? = nil,
    firstPrompt: Int = 0
  ) {
    activations.reserve(rows: batch.rowCount)
    let tiles = RowTiles(rowCount: batch.rowCount, limit: WorkerScratch.tileRows)
    let exitTiles = RowTiles(rowCount: batch.exitRowCount, limit: WorkerScratch.tileRows)
    batch.tokens.withUnsafeBufferPointer { tokens in
      batch.positions.withUnsafeBufferPointer { positions in
        guard let tokens = tokens.baseAddress, let positions = positions.baseAddress else { return }
        pool.run(tiles.count) { tile, worker in
          let (first, rows, padded) = tiles[tile]
          self.embed(
            tokens + first, rows: rows, paddedRows: padded,
            into: activations.residual(0) + first * self.width)
          self.beginLayer(
            0, activations, first: first, rows: padded, positions, self.scratch[worker])
        }
        for layer in 0..<shape.layerCount {
          attend(batch, activations, layer: layer, cache: cache, firstPrompt: firstPrompt)
          let isLast = layer + 1 == shape.layerCount
          let tiles = isLast ? exitTiles : tiles
          pool.run(tiles.count) { tile, worker in
            let (first, _, padded) = tiles[tile]
            self.endLayer(
              layer, activations, first: first, rows: padded,
              exits: isLast ? batch.exits : nil, self.scratch[worker])
            if !isLast {
              self.beginLayer(
                layer + 1, activations, first: first, rows: padded, positions,
                self.scratch[worker])
            }
          }
        }
      }
    }
  }

  /// Copies the tokens' embeddings, and zeros into the padding.
  func embed(
    _ tokens: UnsafePointer<Int32>, rows: Int, paddedRows: Int, into x: FloatBuffer.Pointer
  ) {
    let table = parameters.pointer + layout.embedding
    for row in 0..<rows {
      (x + row * width).update(from: table + Int(tokens[row]) * width, count: width)
    }
    (x + rows * width).update(repeating: 0, count: (paddedRows - rows) * width)
  }

  /// Normalises, projects to queries, keys and values, and rotates.
  ///
  /// - Parameters:
  ///   - rows: the rows, padding included; `positions` begins at row 0.
  ///   - isShared: whether threads share out the products' columns.
  func beginLayer(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int,
    _ positions: UnsafePointer<Int32>, isShared: Bool = false, _ scratch: WorkerScratch
  ) {
    normalize(
      activations.residual(layer) + first * width, gain: layout.layers[layer].attentionNorm,
      into: scratch.hidden.pointer, rows: rows)
    project(
      layer, scratch.hidden.pointer, activations, first: first, rows: rows, positions,
      isShared: isShared, scratch)
  }

  /// Projects the heads' outputs, and applies the feed-forward layer, each added to the residual.
  ///
  /// - Parameter exits: the rows of the entry that are computed; `nil`: all. `first` and `rows`
  ///   count these rows.
  /// - Source: SwiGLU, Shazeer 2020 (arXiv 2002.05202), equation 5.
  func endLayer(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int, exits: ExitRows? = nil,
    isShared: Bool = false, _ scratch: WorkerScratch
  ) {
    let offsets = layout.layers[layer]
    let entry = activations.residual(layer)
    let middle = activations.middle(layer) + first * width
    if let exits {
      gather(entry, exits.rows, first: first, rows: rows, into: middle)
    } else if middle != entry + first * width {
      middle.update(from: entry + first * width, count: rows * width)
    }
    let matrices = matrices.layers[layer]
    multiply(
      activations.attended(layer) + first * queryWidth, stride: queryWidth, by: matrices.output,
      into: middle, stride: width, rows: rows, isAdding: true, isShared: isShared, scratch)
    adapt(
      .output, layer: layer, activations.attended(layer) + first * queryWidth, into: middle,
      rows: rows, scratch)

    normalize(middle, gain: offsets.feedForwardNorm, into: scratch.hidden.pointer, rows: rows)
    let gateUp =
      activations.gateUp(layer).map { $0 + first * 2 * hiddenWidth } ?? scratch.gateUp.pointer
    multiply(
      scratch.hidden.pointer, stride: width, by: matrices.gateUp, into: gateUp,
      stride: 2 * hiddenWidth, rows: rows, isShared: isShared, scratch)
    adapt(.gateUp, layer: layer, scratch.hidden.pointer, into: gateUp, rows: rows, scratch)
    applySwiGLU(gateUp, into: scratch.activation.pointer, rows: rows, isShared: isShared)
    let exit = activations.residual(layer + 1) + first * width
    if exit != middle { exit.update(from: middle, count: rows * width) }
    multiply(
      scratch.activation.pointer, stride: hiddenWidth, by: matrices.down, into: exit,
      stride: width, rows: rows, isAdding: true, isShared: isShared, scratch)
    adapt(.down, layer: layer, scratch.activation.pointer, into: exit, rows: rows, scratch)
  }

  /// The fewest components of SwiGLU for which threads share out the rows: about 50 µs of one thread.
  static let sharedActivations = 1 << 16
  /// The number of rows of an item of it.
  static let activationRows = 4

  private func applySwiGLU(
    _ gateUp: FloatBuffer.Pointer, into y: FloatBuffer.Pointer, rows: Int, isShared: Bool
  ) {
    guard isShared, rows * hiddenWidth >= Self.sharedActivations else {
      return tk_swiglu(gateUp, y, Int32(rows), Int32(hiddenWidth))
    }
    let size = Self.activationRows
    pool.run((rows + size - 1) / size) { item, _ in
      let first = item * size
      tk_swiglu(
        gateUp + first * 2 * hiddenWidth, y + first * hiddenWidth, Int32(min(size, rows - first)),
        Int32(hiddenWidth))
    }
  }

  /// Copies scattered rows to adjacent ones, with zeros behind the last of them.
  private func gather(
    _ x: FloatBuffer.Pointer, _ rowNumbers: [Int32], first: Int, rows: Int,
    into y: FloatBuffer.Pointer
  ) {
    let real = min(rows, rowNumbers.count - first)
    for row in 0..<real {
      (y + row * width).update(from: x + Int(rowNumbers[first + row]) * width, count: width)
    }
    (y + real * width).update(repeating: 0, count: (rows - real) * width)
  }

  /// Applies RMSNorm (arXiv 1910.07467) with the gain at an offset.
  func normalize(
    _ x: UnsafePointer<Float>, gain: Int, into y: FloatBuffer.Pointer, rows: Int
  ) {
    tk_rms_norm(x, parameters.pointer + gain, y, Int32(rows), Int32(width), epsilon)
  }
}
