import TransformerFormats
import TransformerKernels

/// Runs the backward pass of the head: from each token's weights to the last layer's exit.
extension Network {
  /// Adds the head's and the last gain's gradients, and sets `backwardBuffers.exit`.
  ///
  /// ∂ Σ (w log π + v H) / ∂ logits = (w · (onehot − π) − v · π (log π + H)) / temperature, written
  /// over the logits; each candidate adds c · (its onehot − π) / temperature. Without `gradients` only the exit's gradient is computed. `norms` notes the
  /// norm of the logits' gradient.
  func headBackward(
    _ batch: PackedBatch, _ activations: Activations, temperature: Float,
    gradients: FloatBuffer.Pointer?, norms: ActivationNorms?
  ) {
    let count = batch.targets.count
    let vocabulary = logitCount
    let tileRows = headTiles(count).tileRows
    let isKept = tokenColumns.holdsLogits
    let rounded = backwardBuffers.rounded
    let partRows = isKept ? count : Self.partRows(kept: keptLogitRows, tileRows: tileRows)
    let exit = backwardBuffers.exit.pointer
    let paddedRows = RowTiles.padded(batch.exitRowCount)
    let exitRows = batch.exitRows
    exit.update(repeating: 0, count: (paddedRows + batch.repeatedTokens.count) * width)
    for part in stride(from: 0, to: count, by: partRows) {
      let rows = min(partRows, count - part)
      if !isKept { tokenColumns.logits.reserve(RowTiles.padded(partRows) * vocabulary) }
      let tiles = RowTiles(rowCount: rows, limit: tileRows)
      backwardBuffers.vectorSums.reserve(tiles.count * width)
      if backEnd.isHalf {
        rounded.logits.reserve(RowTiles.padded(rows) * vocabulary)
        rounded.hidden.reserve(RowTiles.padded(rows) * width)
      }
      pool.run(tiles.count) { tile, worker in
        let (first, rows, padded) = tiles[tile]
        let logits = self.tokenColumns.logits.pointer + first * vocabulary
        if !isKept {
          self.multiplyHead(
            self.tokenColumns.hidden.pointer + (part + first) * self.width, rows: padded,
            into: logits, self.scratch[worker])
        }
        self.headBackward(
          batch, exitRows, activations, tokens: part + first..<part + first + rows, first: first,
          logits: logits, temperature: temperature,
          gains: self.backwardBuffers.vectorSums.pointer + tile * self.width, norms: norms,
          self.scratch[worker])
      }
      guard let gradients else { continue }
      for tile in 0..<tiles.count {
        tk_add(
          backwardBuffers.vectorSums.pointer + tile * width, gradients + layout.finalNorm,
          Int32(width))
      }
      var products = WeightGradients(rows: rows, isHalf: backEnd.isHalf)
      products.add(
        matrices.head, gradient: tokenColumns.logits.pointer,
        input: tokenColumns.hidden.pointer + part * width,
        rounded: (rounded.logits.pointer, rounded.hidden.pointer), into: gradients)
      pool.run(products.count) { block, _ in products.run(block) }
    }
    for (k, token) in batch.repeatedTokens.enumerated() {
      tk_add(
        exit + (paddedRows + k) * width, exit + Int(exitRows[token]) * width,
        Int32(width))
    }
  }

  private func headBackward(
    _ batch: PackedBatch, _ exitRows: [Int32], _ activations: Activations, tokens: Range<Int>,
    first: Int, logits: FloatBuffer.Pointer, temperature: Float, gains: FloatBuffer.Pointer,
    norms: ActivationNorms?, _ scratch: WorkerScratch
  ) {
    let vocabulary = logitCount
    let columns = tokenColumns
    for (row, token) in tokens.enumerated() {
      let (place, maximum) = (logits + row * vocabulary, columns.maxima.pointer[token])
      let total = columns.totals.pointer[token]
      let others = columns.candidates.total(token)
      let weight = columns.weights.pointer[token] + others
      let entropyWeight = columns.entropyWeights.pointer[token]
      if entropyWeight == 0 {
        tk_logit_gradient(
          place, Int32(vocabulary), 1 / temperature, maximum, total, batch.targets[token],
          weight / temperature)
      } else {
        tk_logit_gradient_with_entropy(
          place, Int32(vocabulary), 1 / temperature, maximum, total,
          columns.spreads.pointer[token], batch.targets[token], weight / temperature,
          entropyWeight / temperature)
      }
      columns.candidates.add(
        token, target: batch.targets[token], total: others, temperature: temperature, to: place)
      norms?.noteLogits(token, place)
    }
    let rounded = backwardBuffers.rounded
    multiplyBack(
      logits, by: matrices.head, into: scratch.hidden.pointer, rows: tokens.count,
      rounded: rounded.logits.pointer + first * vocabulary)
    if backEnd.isHalf {
      round(
        columns.hidden.pointer + tokens.lowerBound * width,
        into: rounded.hidden.pointer + first * width, rows: tokens.count, count: width)
    }
    gains.update(repeating: 0, count: width)
    for (row, token) in tokens.enumerated() {
      let entry =
        activations.residual(shape.layerCount) + Int(exitRows[token]) * width
      let exit = backwardBuffers.exit.pointer + Int(batch.gradientRows[token]) * width
      tk_rms_norm_backward(
        entry, parameters.pointer + layout.finalNorm, scratch.hidden.pointer + row * width, exit,
        exit, gains, 1, Int32(width), epsilon)
    }
  }
}
