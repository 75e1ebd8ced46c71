import TransformerFormats
import TransformerKernels

/// Runs the last normalisation and the product with the vocabulary, for those rows that predict a
/// token.
extension Network {
  /// Returns the tiles of the completion tokens: fewer rows for a large vocabulary, so that a
  /// tile's logits stay near the core.
  func headTiles(_ count: Int) -> RowTiles { RowTiles(rowCount: count, limit: headRowLimit) }

  var headRowLimit: Int { Self.headRowLimit(logitCount: logitCount, logitRows: logitRows) }

  static func headRowLimit(logitCount: Int, logitRows: Int) -> Int {
    let affordable = (2 << 20) / logitCount / RowTiles.granule * RowTiles.granule
    let limit = min(WorkerScratch.tileRows, max(RowTiles.granule, affordable))
    return logitRows > 0 ? min(limit, RowTiles.padded(logitRows)) : limit
  }

  /// The number of tokens whose logits are in memory for a backward pass: all of a piece's, or a
  /// part of more.
  var keptLogitRows: Int {
    Self.keptLogitRows(logitCount: logitCount, logitRows: logitRows, budget: logitsBudget)
  }

  static func keptLogitRows(logitCount: Int, logitRows: Int, budget: Int) -> Int {
    logitRows > 0 ? RowTiles.padded(logitRows) : budget / logitCount
  }

  /// The number of rows of each part of a backward pass whose logits don't fit.
  static func partRows(kept: Int, tileRows: Int) -> Int { max(1, kept / tileRows) * tileRows }

  /// Fills `tokenColumns` from the last layer's exit.
  ///
  /// - Parameters:
  ///   - further: the statistics to compute beside the columns that are always there.
  ///   - isTraining: whether a backward pass may follow.
  func score(
    _ batch: PackedBatch, _ activations: Activations, temperature: Float,
    further: FurtherStatistics = FurtherStatistics(), isTraining: Bool
  ) {
    let columns = tokenColumns
    let count = batch.targets.count
    let vocabulary = logitCount
    let keepsLogits = isTraining && count <= keptLogitRows
    columns.reserve(
      count, width: width, logitCount: keepsLogits ? vocabulary : nil, further)
    let tiles = headTiles(count)
    let exit = activations.residual(shape.layerCount)
    let exitRows = batch.exitRows
    pool.run(tiles.count) { tile, worker in
      let (first, rows, padded) = tiles[tile]
      let hidden = columns.hidden.pointer + first * self.width
      let logits =
        keepsLogits
        ? columns.logits.pointer + first * vocabulary
        : self.scratch[worker].logits.reserve(tiles.tileRows * vocabulary)
      self.gatherNormalized(exit, exitRows, first: first, rows: rows, into: hidden)
      self.multiplyHead(hidden, rows: padded, into: logits, self.scratch[worker])
      for row in 0..<rows {
        let statistics = tk_score_token(
          logits + row * vocabulary, Int32(vocabulary), 1 / temperature,
          batch.targets[first + row])
        let token = first + row
        columns.logProbabilities.pointer[token] = statistics.log_probability
        columns.entropies.pointer[token] = statistics.entropy
        columns.levers.pointer[token] = statistics.lever
        columns.maxima.pointer[token] = statistics.maximum
        columns.totals.pointer[token] = statistics.total
        columns.spreads.pointer[token] = statistics.spread
        if !further.statistics.isEmpty {
          further.note(
            token, of: count, logits + row * vocabulary, vocabulary: vocabulary,
            inverseTemperature: 1 / temperature, target: batch.targets[token], statistics,
            into: columns.further.pointer, self.scratch[worker])
        }
      }
    }
  }

  /// Normalises scattered rows into adjacent ones; padding is filled with zeros.
  func gatherNormalized(
    _ exit: FloatBuffer.Pointer, _ rowNumbers: [Int32], first: Int, rows: Int,
    into hidden: FloatBuffer.Pointer
  ) {
    for row in 0..<rows {
      normalize(
        exit + Int(rowNumbers[first + row]) * width, gain: layout.finalNorm,
        into: hidden + row * width, rows: 1)
    }
    (hidden + rows * width).update(
      repeating: 0, count: (RowTiles.padded(rows) - rows) * width)
  }

  /// Computes the logits of normalised rows, padding included: −∞ where there is no token.
  func multiplyHead(
    _ hidden: FloatBuffer.Pointer, rows: Int, into logits: FloatBuffer.Pointer,
    isShared: Bool = false, _ scratch: WorkerScratch
  ) {
    multiply(
      hidden, stride: width, by: matrices.head, into: logits, stride: logitCount, rows: rows,
      isShared: isShared, scratch)
    guard !tokenRows.holes.isEmpty else { return }
    for row in 0..<rows {
      for hole in tokenRows.holes { logits[row * logitCount + Int(hole)] = -.infinity }
    }
  }
}
