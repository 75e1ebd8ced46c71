import TransformerFormats
import TransformerKernels

/// Runs the backward pass through the layers, from the last to the first.
///
/// There are two parallel loops for each layer. One goes over tiles of rows for all that is local
/// to a row (the lower half of one layer and the upper half of the next). The other goes over
/// weight gradients and attention, which need all rows. A short third loop adds up what shared
/// prompts get from their completions.
extension Network {
  /// Adds Σ (w ∇ log π + v ∇ H) to `gradients`: those of all parameters, or of the adapters alone.
  ///
  /// - Parameters:
  ///   - activations: those of `forward` and `score` of the same batch; the gate's and up's are
  ///     overwritten.
  ///   - gradients: the gradients of what is trained; `nil`: weight gradients are left out.
  ///   - norms: notes the norms of the pass's gradients at the layers' activations.
  func backward(
    _ batch: PackedBatch, _ activations: Activations, temperature: Float,
    gradients: FloatBuffer.Pointer?, norms: ActivationNorms? = nil
  ) {
    // The gradients of all parameters, which adapters leave as they are.
    let parameterGradients = adapter == nil ? gradients : nil
    let tiles = RowTiles(rowCount: batch.rowCount, limit: WorkerScratch.tileRows)
    let exitTiles = RowTiles(rowCount: batch.exitRowCount, limit: WorkerScratch.tileRows)
    backwardBuffers.reserve(
      batch, vectorSums: max(tiles.count, exitTiles.count) * vectorSums.count, shape: shape,
      isHalf: backEnd.isHalf, adapters: adapter?.layout)
    headBackward(
      batch, activations, temperature: temperature, gradients: parameterGradients, norms: norms)
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
      if let parameterGradients {
        addVectorSums(
          tiles: tiles.count, upper: upper, lower: lower, gradients: parameterGradients)
      }
      gatherLayerGradients(
        batch, activations, upper: upper, lower: lower, gradients: gradients)
      if upper == nil, let exits = batch.exits {
        spread(backwardBuffers.middle.pointer, exits, rowCount: batch.rowCount)
      }
    }
    if let parameterGradients { embeddingBackward(batch, gradients: parameterGradients) }
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
    if roundsInputs {
      round(
        backwardBuffers.attentionInput.pointer + place,
        into: rounded.attentionInput.pointer + place,
        rows: rows, count: width)
    }
    let gradient = backwardBuffers.queryKeyValue[layer % 2].pointer + first * queryKeyValueStride
    multiplyBack(
      gradient, by: matrices.layers[layer].queryKeyValue, into: scratch.hiddenGradient.pointer,
      rows: rows, rounded: rounded.queryKeyValue.pointer + first * queryKeyValueStride)
    adaptBack(
      .queryKeyValue, layer: layer, gradient: gradient, into: scratch.hiddenGradient.pointer,
      first: first, rows: rows)
    keepLow(
      .queryKeyValue, layer: layer, backwardBuffers.attentionInput.pointer + place, first: first,
      rows: rows)
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
    adaptBack(
      .down, layer: layer, gradient: exit, into: scratch.activation.pointer, first: first,
      rows: rows)
    tk_swiglu_backward(
      gateUp, scratch.activation.pointer, activation, Int32(rows), Int32(hiddenWidth))
    keepLow(.down, layer: layer, activation, first: first, rows: rows)
    multiplyBack(
      gateUp, by: matrices.gateUp, into: scratch.hiddenGradient.pointer, rows: rows,
      rounded: rounded.gateUp.pointer + first * 2 * hiddenWidth)
    adaptBack(
      .gateUp, layer: layer, gradient: gateUp, into: scratch.hiddenGradient.pointer, first: first,
      rows: rows)
    let input = backwardBuffers.feedForwardInput.pointer + place
    normalize(middle, gain: offsets.feedForwardNorm, into: input, rows: rows)
    keepLow(.gateUp, layer: layer, input, first: first, rows: rows)
    tk_rms_norm_backward(
      middle, parameters.pointer + offsets.feedForwardNorm, scratch.hiddenGradient.pointer, exit,
      backwardBuffers.middle.pointer + place, gains, Int32(rows), Int32(width), epsilon)
    multiplyBack(
      backwardBuffers.middle.pointer + place, by: matrices.output,
      into: backwardBuffers.attended.pointer + first * queryWidth, rows: rows,
      rounded: rounded.middle.pointer + place)
    let attended = activations.attended(layer) + first * queryWidth
    adaptBack(
      .output, layer: layer, gradient: backwardBuffers.middle.pointer + place,
      into: backwardBuffers.attended.pointer + first * queryWidth, first: first, rows: rows)
    keepLow(.output, layer: layer, attended, first: first, rows: rows)
    guard roundsInputs else { return }
    round(
      input, into: rounded.feedForwardInput.pointer + place, rows: rows, count: width)
    round(
      activation, into: rounded.activation.pointer + first * hiddenWidth, rows: rows,
      count: hiddenWidth)
    round(
      attended, into: rounded.attended.pointer + first * queryWidth, rows: rows, count: queryWidth)
  }

  /// Whether inputs are rounded, for gradients of matrices in bf16.
  private var roundsInputs: Bool { backEnd.isHalf && adapter == nil }

  /// Takes weight gradients of the upper layer's lower half and the lower layer's upper half, and
  /// the lower layer's attention.
  private func gatherLayerGradients(
    _ batch: PackedBatch, _ activations: Activations, upper: Int?, lower: Int?,
    gradients: FloatBuffer.Pointer?
  ) {
    // Without an upper layer the lower one is the last.
    var products = WeightGradients(
      rows: upper == nil ? batch.exitRowCount : batch.rowCount, isHalf: backEnd.isHalf)
    if let gradients, adapter != nil {
      addAdapterGradients(activations, upper: upper, lower: lower, into: gradients, to: &products)
    } else if let gradients {
      addMatrixGradients(activations, upper: upper, lower: lower, into: gradients, to: &products)
    }
    let keyHeads = shape.keyValueHeadCount
    let attentionItems = lower == nil ? 0 : batch.chunks.count * keyHeads
    let shared = products
    pool.run(shared.count + attentionItems) { item, worker in
      if item < shared.count { return shared.run(item) }
      guard let lower else { return }
      self.attendBackward(
        batch, batch.chunks[(item - shared.count) / keyHeads], activations, layer: lower,
        keyHead: (item - shared.count) % keyHeads, self.scratch[worker])
    }
    if let lower { addPromptSums(batch, layer: lower) }
  }

  private func addMatrixGradients(
    _ activations: Activations, upper: Int?, lower: Int?, into gradients: FloatBuffer.Pointer,
    to products: inout WeightGradients
  ) {
    let buffers = backwardBuffers
    let rounded = buffers.rounded
    if let lower, let gateUp = activations.gateUp(lower) {
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
    if let upper {
      products.add(
        matrices.layers[upper].queryKeyValue,
        gradient: buffers.queryKeyValue[upper % 2].pointer, input: buffers.attentionInput.pointer,
        rounded: (rounded.queryKeyValue.pointer, rounded.attentionInput.pointer), into: gradients)
    }
  }

  private func addAdapterGradients(
    _ activations: Activations, upper: Int?, lower: Int?, into gradients: FloatBuffer.Pointer,
    to products: inout WeightGradients
  ) {
    let buffers = backwardBuffers
    if let lower, let gateUp = activations.gateUp(lower) {
      addGradients(
        .gateUp, layer: lower, gradient: gateUp, input: buffers.feedForwardInput.pointer,
        into: gradients, to: &products)
      addGradients(
        .down, layer: lower, gradient: buffers.exit.pointer, input: buffers.activation.pointer,
        into: gradients, to: &products)
      addGradients(
        .output, layer: lower, gradient: buffers.middle.pointer,
        input: activations.attended(lower), into: gradients, to: &products)
    }
    if let upper {
      addGradients(
        .queryKeyValue, layer: upper, gradient: buffers.queryKeyValue[upper % 2].pointer,
        input: buffers.attentionInput.pointer, into: gradients, to: &products)
    }
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
