import TransformerFormats
import TransformerKernels

/// The backward pass through the layers, from the last to the first.
///
/// Two parallel loops a layer: one over tiles of rows for all that is local to a row (the lower half
/// of one layer and the upper half of the next), and one over weight gradients and attention, which
/// need all rows; and a short third one that adds up what shared prompts get from their completions.
extension Network {
  /// Adds Σ w ∇ log π to `gradients`.
  ///
  /// - Parameter activations: of `forward` and `score` of the same batch; the gate's and up's are
  ///   overwritten.
  func backward(
    _ batch: PackedBatch, _ activations: Activations, temperature: Float,
    gradients: FloatBuffer.Pointer
  ) {
    let tiles = RowTiles(rowCount: batch.rowCount, limit: WorkerScratch.tileRows)
    backwardBuffers.reserve(batch, vectorSums: tiles.count * vectorSums.count, shape: shape)
    headBackward(batch, activations, temperature: temperature, gradients: gradients)
    for layer in (-1..<shape.layerCount).reversed() {
      let upper: Int? = layer + 1 < shape.layerCount ? layer + 1 : nil
      let lower: Int? = layer >= 0 ? layer : nil
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
      addVectorSums(tiles: tiles.count, upper: upper, lower: lower, gradients: gradients)
      gatherLayerGradients(
        batch, activations, upper: upper, lower: lower, gradients: gradients)
    }
    embeddingBackward(batch, gradients: gradients)
  }

  /// From queries, keys and values to the layer's entry, which is the exit of the layer below.
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
    MatrixProduct.times(
      backwardBuffers.queryKeyValue[layer % 2].pointer + first * queryKeyValueStride,
      stride: queryKeyValueStride, parameters.pointer + offsets.queryKeyValue, stride: width,
      into: scratch.hiddenGradient.pointer, stride: width, rows: rows,
      inner: queryKeyValueStride, columns: width)
    tk_rms_norm_backward(
      entry, parameters.pointer + offsets.attentionNorm, scratch.hiddenGradient.pointer,
      backwardBuffers.middle.pointer + place, backwardBuffers.exit.pointer + place,
      sums + vectorSums.attentionNorm, Int32(rows), Int32(width), epsilon)
  }

  /// From the layer's exit to the heads' outputs.
  private func endLayerBackward(
    _ layer: Int, _ activations: Activations, first: Int, rows: Int, gains: FloatBuffer.Pointer,
    _ scratch: WorkerScratch
  ) {
    guard let gateUp = activations.gateUp(layer).map({ $0 + first * 2 * hiddenWidth }) else {
      preconditionFailure("a backward pass needs a forward pass that kept its activations")
    }
    let offsets = layout.layers[layer]
    let place = first * width
    let exit = backwardBuffers.exit.pointer + place
    let middle = activations.middle(layer) + place
    MatrixProduct.times(
      exit, stride: width, parameters.pointer + offsets.down, stride: hiddenWidth,
      into: scratch.activation.pointer, stride: hiddenWidth, rows: rows, inner: width,
      columns: hiddenWidth)
    tk_swiglu_backward(
      gateUp, scratch.activation.pointer,
      backwardBuffers.activation.pointer + first * hiddenWidth, Int32(rows), Int32(hiddenWidth))
    MatrixProduct.times(
      gateUp, stride: 2 * hiddenWidth, parameters.pointer + offsets.gateUp, stride: width,
      into: scratch.hiddenGradient.pointer, stride: width, rows: rows, inner: 2 * hiddenWidth,
      columns: width)
    normalize(
      middle, gain: offsets.feedForwardNorm,
      into: backwardBuffers.feedForwardInput.pointer + place, rows: rows)
    tk_rms_norm_backward(
      middle, parameters.pointer + offsets.feedForwardNorm, scratch.hiddenGradient.pointer, exit,
      backwardBuffers.middle.pointer + place, gains, Int32(rows), Int32(width), epsilon)
    MatrixProduct.times(
      backwardBuffers.middle.pointer + place, stride: width, parameters.pointer + offsets.output,
      stride: queryWidth, into: backwardBuffers.attended.pointer + first * queryWidth,
      stride: queryWidth, rows: rows, inner: width, columns: queryWidth)
  }

  /// Weight gradients of the upper layer's lower half and the lower layer's upper half, and the
  /// lower layer's attention.
  private func gatherLayerGradients(
    _ batch: PackedBatch, _ activations: Activations, upper: Int?, lower: Int?,
    gradients: FloatBuffer.Pointer
  ) {
    var products = WeightGradients(rows: batch.rowCount)
    let buffers = backwardBuffers
    if let lower, let gateUp = activations.gateUp(lower) {
      let offsets = layout.layers[lower]
      products.add(
        WeightGradients.Layer(
          gradient: gateUp, outputs: 2 * hiddenWidth, input: buffers.feedForwardInput.pointer,
          inputs: width, target: gradients + offsets.gateUp))
      products.add(
        WeightGradients.Layer(
          gradient: buffers.exit.pointer, outputs: width, input: buffers.activation.pointer,
          inputs: hiddenWidth, target: gradients + offsets.down))
      products.add(
        WeightGradients.Layer(
          gradient: buffers.middle.pointer, outputs: width, input: activations.attended(lower),
          inputs: queryWidth, target: gradients + offsets.output))
    }
    if let upper {
      products.add(
        WeightGradients.Layer(
          gradient: buffers.queryKeyValue[upper % 2].pointer, outputs: queryKeyValueStride,
          input: buffers.attentionInput.pointer, inputs: width,
          target: gradients + layout.layers[upper].queryKeyValue))
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

  /// Adds each row's gradient to its token's embedding; a thread takes some columns of all rows.
  private func embeddingBackward(_ batch: PackedBatch, gradients: FloatBuffer.Pointer) {
    let block = 64
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
