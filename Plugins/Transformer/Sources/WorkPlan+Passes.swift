import FulcrumKernel
import TransformerFormats

/// Lists the loops of training and decoding, by the functions that the passes cut their work with.
extension WorkPlan {
  /// Holds the sizes of a model's products.
  fileprivate struct Sizes {
    let shape: ModelShape
    let logitCount: Int
    var width: Int { shape.width }
    var queryWidth: Int { shape.headCount * shape.headSize }
    var queryKeyValue: Int { queryWidth + 2 * shape.keyValueHeadCount * shape.headSize }
    var headsPerKey: Int { shape.headCount / shape.keyValueHeadCount }

    /// Multiply-adds of a row below the attention, and above it.
    var lower: Int { width * queryKeyValue }
    var upper: Int { width * (queryWidth + 3 * shape.hiddenWidth) }
    var head: Int { width * logitCount }

    /// Operations of the two products of attention over some keys, for the query heads of one key
    /// head.
    func attention(keys: Int) -> Double { Double(4 * headsPerKey * shape.headSize * keys) }
  }

  /// Plans scoring and training a batch once: forward, head, backward.
  ///
  /// - Parameters:
  ///   - logitCount: the vocabulary's size.
  ///   - limit: the most rows of a piece of work, `microbatch-tokens`.
  ///   - logitRows: as the parameter `logit-rows`.
  package static func training(
    _ shape: ModelShape, logitCount: Int, batch: SequenceBatch, limit: Int, logitRows: Int = 0
  ) -> WorkPlan {
    var plan = WorkPlan()
    let sizes = Sizes(shape: shape, logitCount: logitCount)
    for piece in PackedBatch.pieces(batch, sequences: 0..<batch.sequenceCount, limit: limit) {
      let packed = PackedBatch(batch, sequences: piece)
      let attention = packed.attentionOperations(sizes)
      plan.addForward(packed.rowCount, sizes, attention)
      plan.addHead(packed.targets.count, sizes, logitRows: logitRows)
      plan.addBackward(packed, sizes, attention)
    }
    return plan
  }

  private mutating func addForward(_ count: Int, _ sizes: Sizes, _ attention: [Double]) {
    let tiles = RowTiles(rowCount: count, limit: WorkerScratch.tileRows)
    let rows = (0..<tiles.count).map { tiles[$0].paddedRows }
    let layers = sizes.shape.layerCount
    add("rows", rows.map { Double(2 * $0 * sizes.lower) })
    for layer in 0..<layers {
      add("attention", attention)
      let factors = sizes.upper + (layer + 1 < layers ? sizes.lower : 0)
      add("rows", rows.map { Double(2 * $0 * factors) })
    }
  }

  private mutating func addHead(_ count: Int, _ sizes: Sizes, logitRows: Int) {
    let limit = Network.headRowLimit(logitCount: sizes.logitCount, logitRows: logitRows)
    let all = RowTiles(rowCount: count, limit: limit)
    add("head", (0..<all.count).map { Double(2 * all[$0].paddedRows * sizes.head) })
    let kept = Network.keptLogitRows(
      logitCount: sizes.logitCount, logitRows: logitRows, budget: Network.standardLogitsBudget)
    let isKept = count <= kept
    let part = isKept ? count : Network.partRows(kept: kept, tileRows: all.tileRows)
    for first in stride(from: 0, to: count, by: max(1, part)) {
      let rows = min(part, count - first)
      let tiles = RowTiles(rowCount: rows, limit: all.tileRows)
      // Logits that weren't kept are computed again.
      let products = isKept ? 2 : 4
      add(
        "head backward",
        (0..<tiles.count).map { Double(products * tiles[$0].paddedRows * sizes.head) })
      add("head gradient", Self.gradient(sizes.logitCount, sizes.width, rows))
    }
  }

  private mutating func addBackward(
    _ packed: PackedBatch, _ sizes: Sizes, _ attention: [Double]
  ) {
    let shape = sizes.shape
    let rowCount = packed.rowCount
    let tiles = RowTiles(rowCount: rowCount, limit: WorkerScratch.tileRows)
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    for layer in (-1..<shape.layerCount).reversed() {
      let (hasUpper, hasLower) = (layer + 1 < shape.layerCount, layer >= 0)
      let factors = (hasUpper ? sizes.lower : 0) + (hasLower ? sizes.upper : 0)
      add(
        "rows backward", (0..<tiles.count).map { Double(2 * tiles[$0].paddedRows * factors) })
      var items: [Double] = []
      if hasLower {
        items += Self.gradient(2 * shape.hiddenWidth, shape.width, rowCount)
        items += Self.gradient(shape.width, shape.hiddenWidth, rowCount)
        items += Self.gradient(shape.width, sizes.queryWidth, rowCount)
      }
      if hasUpper { items += Self.gradient(sizes.queryKeyValue, shape.width, rowCount) }
      // Five products for the forward pass's two.
      if hasLower { items += attention.map { $0 * 2.5 } }
      add("gradients and attention", items)
      guard hasLower else { continue }
      add(
        "shared prompts",
        packed.sharedPrompts.map {
          packed.chunks[$0].reduce(0) { $0 + Double(2 * keyWidth * $1.prompt.count) }
        })
    }
    add(
      "embedding",
      stride(from: 0, to: shape.width, by: Network.embeddingBlock).map {
        Double(min(Network.embeddingBlock, shape.width - $0) * rowCount)
      })
  }

  private static func gradient(_ outputs: Int, _ inputs: Int, _ rows: Int) -> [Double] {
    WeightGradients.blocks(ofOutputs: outputs).map { Double(2 * $0.count * inputs * rows) }
  }

  /// Plans one step of decoding.
  ///
  /// - Parameters:
  ///   - samples: the number of active samples of each prompt.
  ///   - length: the tokens that each of them has by now.
  package static func decoding(
    _ shape: ModelShape, logitCount: Int, samples: [Int], length: Int, threads: Int,
    backEnd: ProductBackEnd = .oneDNN(.f32)
  ) -> WorkPlan {
    let sizes = Sizes(shape: shape, logitCount: logitCount)
    let rows = samples.reduce(0, +)
    let size = Wave.chunkRows(headsPerKey: sizes.headsPerKey)
    let attention = samples.flatMap { count in
      stride(from: 0, to: count, by: size).flatMap { first in
        Array(
          repeating: Double(min(size, count - first)) * sizes.attention(keys: length),
          count: shape.keyValueHeadCount)
      }
    }
    var plan = WorkPlan()
    if Wave.sharesColumns(rows: rows, threads: threads, backEnd) {
      plan.addColumns(
        Wave.slabs(rows: rows).map { ($0.count, RowTiles.padded($0.count, to: backEnd.granule)) },
        sizes, attention, threads: threads)
    } else {
      plan.addRows(rows, sizes, attention)
    }
    return plan
  }

  private mutating func addColumns(
    _ slabs: [(rows: Int, padded: Int)], _ sizes: Sizes, _ attention: [Double], threads: Int
  ) {
    let shape = sizes.shape
    func product(_ outputs: Int, _ inputs: Int, _ rows: Int) -> Loop {
      let whole = Double(2 * rows * inputs)
      guard outputs > PanelShares.panel else {
        return Loop("columns", [whole * Double(outputs)], isAlone: true)
      }
      let shares = PanelShares(outputs: outputs, threads: threads)
      return Loop("columns", (0..<shares.count).map { whole * Double(shares[$0].columns) })
    }
    for _ in 0..<shape.layerCount {
      for slab in slabs {
        loops.append(product(sizes.queryKeyValue, shape.width, slab.padded))
      }
      add("attention", attention)
      for slab in slabs {
        loops.append(product(shape.width, sizes.queryWidth, slab.padded))
        loops.append(product(2 * shape.hiddenWidth, shape.width, slab.padded))
        if slab.padded * shape.hiddenWidth >= Network.sharedActivations {
          add(
            "activations",
            stride(from: 0, to: slab.padded, by: Network.activationRows).map {
              Double(min(Network.activationRows, slab.padded - $0) * shape.hiddenWidth)
            })
        }
        loops.append(product(shape.width, shape.hiddenWidth, slab.padded))
      }
    }
    for slab in slabs {
      loops.append(product(sizes.logitCount, shape.width, slab.padded))
      add("draws", Array(repeating: Double(sizes.logitCount), count: slab.rows))
    }
  }

  private mutating func addRows(_ count: Int, _ sizes: Sizes, _ attention: [Double]) {
    addForward(count, sizes, attention)
    let head = RowTiles(
      rowCount: count,
      limit: Network.headRowLimit(logitCount: sizes.logitCount, logitRows: 0))
    add("head", (0..<head.count).map { Double(2 * head[$0].paddedRows * sizes.head) })
  }
}

extension PackedBatch {
  /// The operations of each chunk and key head in a layer's attention.
  fileprivate func attentionOperations(_ sizes: WorkPlan.Sizes) -> [Double] {
    chunks.flatMap { chunk in
      var keys = 0
      for run in chunk.runs {
        let count = runs[run].count
        keys += count * chunk.prompt.count + count * (count + 1) / 2
      }
      return Array(repeating: sizes.attention(keys: keys), count: sizes.shape.keyValueHeadCount)
    }
  }
}
