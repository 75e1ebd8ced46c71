import TransformerFormats
import TransformerKernels

/// Runs the backward pass through the layers, from the last to the first.
///
/// There are two parallel loops for each layer. One goes over tiles of rows for all that is local
/// to a row (the lower half of one layer and the upper half of the next). The other goes over
/// weight gradients and attention, which need all rows. A short third loop adds up what shared
/// prompts get from their completions.
extension Network {
  /// Adds Σ (w ∇ log π + v ∇ H) to `gradients`.
  ///
  /// - Parameters:
  ///   - activations: those of `forward` and `score` of the same batch; the gate's and up's are
  ///     overwritten.
  ///   - gradients: the gradients of all parameters; `nil`: weight gradients are left out.
  ///   - norms: notes the norms of the pass's gradients at the layers' activations.
  func backward(
    _ batch: PackedBatch, _ activations: Activations, temperature: Float,
    gradients: FloatBuffer.Pointer?, norms: ActivationNorms? = nil
  ) {
    let tiles = RowTiles(rowCount: batch.rowCount, limit: WorkerScratch.tileRows)
    let exitTiles = RowTiles(rowCount: batch.exitRowCount, limit: WorkerScratch.tileRows)
    backwardBuffers.reserve(
      batch, vectorSums: max(tiles.count, exitTiles.count) * vectorSums.count, shape: shape,
      isHalf: backEnd.isHalf)
    headBackward(
      batch, activations, temperature: temperature, gradients: gradients, norms: norms)
    for layer in (-1..<shape.layerCount).reversed() {
      let upper: Int? = layer + 1 < shape.layerCount ? layer + 1 : nil
      let lower: Int? = layer >= 0 ? layer : nil
      let tiles = upper == nil ? exitTiles : tiles
      pool.run(tiles.count) { tile, worker in
        let (first, rows, _) = tiles[tile]
        let sums = self.backwardBuffers.vectorSums.pointer + tile * self.vectorSums.count
        sums.update(repeating: 0, count: self.vectorSums.count)
        if let upper {
          self.beginLayerBackward(
            upper, activations, first: first, rows: rows, sums: sums, self.scratch[worker])
        }
        if let lower {
          self.endLayerBackward(
            lower, activations, first: first, rows: rows,
            gains: sums + self.vectorSums.feedForwardNorm, self.scratch[worker])
        }
      }
      // The lower layer's half reads its exit's gradient and leaves it as it is.
      norms?.noteResidual(layer + 1, batch, exit: backwardBuffers.exit.pointer, pool: pool)
      if let gradients {
        addVectorSums(tiles: tiles.count, upper: upper, lower: lower, gradients: gradients)
      }
      gatherLayerGradients(
        batch, activations, upper: upper, lower: lower, gradients: gradients)
      if upper == nil, let exits = batch.exits {
        spread(backwardBuffers.middle.pointer, exits, rowCount: batch.rowCount)
      }
    }
    if let gradients { embeddingBackward(batch, gradients: gradients) }
  }

  /// Moves the last layer's rows to their places among all rows, and sets the other rows to zeros.
  private func spread(_ x: FloatBuffer.Pointer, _ exits: ExitRows, rowCount: Int) {
    var place = exits.rows.count - 1
    // From the end, so that no row is written over before it has moved.
    for row in (0..<rowCount).reversed() {
      if place >= 0, exits.rows[place] == row {
        if place != row { (x + row * width).update(from: x + place * width, count: width) }
        place -= 1
      } else {
        (x + row * width).update(repeating: 0, count: width)
      }
    }
  }

  /// Goes from queries, keys and values back to the layer's entry, which is the exit of the layer
  /// below.
  private func beginLayerBackward(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int, sums: FloatBuffer.Pointer,
    _ scratch: WorkerScratch
  ) {
    let offsets = layout.layers[layer]
    projectBackward(layer, activations, first: first, rows: rows, sums: sums)
    let place = first * width
    let entry = activations.residual(layer) + place
    normalize(
      entry, gain: offsets.attentionNorm, into: backwardBuffers.attentionInput.pointer + place,
      rows: rows)
    let rounded = backwardBuffers.rounded
    if backEnd.isHalf {
      round(
        backwardBuffers.attentionInput.pointer + place,
        into: rounded.attentionInput.pointer + place,
        rows: rows, count: width)
    }
    multiplyBack(
      backwardBuffers.queryKeyValue[layer % 2].pointer + first * queryKeyValueStride,
      by: matrices.layers[layer].queryKeyValue, into: scratch.hiddenGradient.pointer, rows: rows,
      rounded: rounded.queryKeyValue.pointer + first * queryKeyValueStride)
    tk_rms_norm_backward(
      entry, parameters.pointer + offsets.attentionNorm, scratch.hiddenGradient.pointer,
      backwardBuffers.middle.pointer + place, backwardBuffers.exit.pointer + place,
      sums + vectorSums.attentionNorm, Int32(rows), Int32(width), epsilon)
  }

  /// Goes from the layer's exit back to the heads' outputs.
  private func endLayerBackward(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int, gains: FloatBuffer.Pointer,
    _ scratch: WorkerScratch
  ) {
    guard let gateUp = activations.gateUp(layer).map({ $0 + first * 2 * hiddenWidth }) else {
      preconditionFailure("a backward pass needs a forward pass that kept its activations")
    }
    let offsets = layout.layers[layer]
    let matrices = matrices.layers[layer]
    let place = first * width
    let exit = backwardBuffers.exit.pointer + place
    let middle = activations.middle(layer) + place
    let rounded = backwardBuffers.rounded
    let activation = backwardBuffers.activation.pointer + first * hiddenWidth
    multiplyBack(
      exit, by: matrices.down, into: scratch.activation.pointer, rows: rows,
      rounded: rounded.exit.pointer + place)
    tk_swiglu_backward(
      gateUp, scratch.activation.pointer, activation, Int32(rows), Int32(hiddenWidth))
    multiplyBack(
      gateUp, by: matrices.gateUp, into: scratch.hiddenGradient.pointer, rows: rows,
      rounded: rounded.gateUp.pointer + first * 2 * hiddenWidth)
    normalize(
      middle, gain: offsets.feedForwardNorm,
      into: backwardBuffers.feedForwardInput.pointer + place, rows: rows)
    tk_rms_norm_backward(
      middle, parameters.pointer + offsets.feedForwardNorm, scratch.hiddenGradient.pointer, exit,
      backwardBuffers.middle.pointer + place, gains, Int32(rows), Int32(width), epsilon)
    multiplyBack(
      backwardBuffers.middle.pointer + place, by: matrices.output,
      into: backwardBuffers.attended.pointer + first * queryWidth, rows: rows,
      rounded: rounded.middle.pointer + place)
    guard backEnd.isHalf else { return }
    round(
      backwardBuffers.feedForwardInput.pointer + place,
      into: rounded.feedForwardInput.pointer + place, rows: rows, count: width)
    round(
      activation, into: rounded.activation.pointer + first * hiddenWidth, rows: rows,
      count: hiddenWidth)
    round(
      activations.attended(layer) + first * queryWidth,
      into: rounded.attended.pointer + first * queryWidth, rows: rows, count: queryWidth)
  }

  /// Takes weight gradients of the upper layer's lower half and the lower layer's upper half, and
  /// the lower layer's attention.
  private func gatherLayerGradients(
    _ batch: PackedBatch, _ activations: Activations, upper: Int?, lower: Int?,
    gradients: FloatBuffer.Pointer?
  ) {
    // Without an upper layer the lower one is the last.
    var products = WeightGradients(
      rows: upper == nil ? batch.exitRowCount : batch.rowCount, isHalf: backEnd.isHalf)
    let buffers = backwardBuffers
    let rounded = buffers.rounded
    if let gradients, let lower, let gateUp = activations.gateUp(lower) {
      let matrices = matrices.layers[lower]
      products.add(
        matrices.gateUp, gradient: gateUp, input: buffers.feedForwardInput.pointer,
        rounded: (rounded.gateUp.pointer, rounded.feedForwardInput.pointer), into: gradients)
      products.add(
        matrices.down, gradient: buffers.exit.pointer, input: buffers.activation.pointer,
        rounded: (rounded.exit.pointer, rounded.activation.pointer), into: gradients)
      products.add(
        matrices.output, gradient: buffers.middle.pointer, input: activations.attended(lower),
        rounded: (rounded.middle.pointer, rounded.attended.pointer), into: gradients)
    }
    if let gradients, let upper {
      products.add(
        matrices.layers[upper].queryKeyValue,
        gradient: buffers.queryKeyValue[upper % 2].pointer, input: buffers.attentionInput.pointer,
        rounded: (rounded.queryKeyValue.pointer, rounded.attentionInput.pointer), into: gradients)
    }
    let keyHeads = shape.keyValueHeadCount
    let attentionItems = lower == nil ? 0 : batch.chunks.count * keyHeads
    pool.run(products.count + attentionItems) { item, worker in
      if item < products.count { return products.run(item) }
      guard let lower else { return }
      self.attendBackward(
        batch, batch.chunks[(item - products.count) / keyHeads], activations, layer: lower,
        keyHead: (item - products.count) % keyHeads, self.scratch[worker])
    }
    if let lower { addPromptSums(batch, layer: lower) }
  }

  /// The number of columns of one item of the embedding's gradient.
  static let embeddingBlock = 64

  /// Adds each row's gradient to its token's embedding; a thread takes some columns of all rows.
  private func embeddingBackward(_ batch: PackedBatch, gradients: FloatBuffer.Pointer) {
    let block = Self.embeddingBlock
    let table = gradients + layout.embedding
    let exit = backwardBuffers.exit.pointer
    pool.run((width + block - 1) / block) { item, _ in
      let first = item * block
      let count = Int32(min(block, self.width - first))
      for row in 0..<batch.rowCount {
        tk_add(
          exit + row * self.width + first,
          table + Int(batch.tokens[row]) * self.width + first, count)
      }
    }
  }
}
