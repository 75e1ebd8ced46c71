import TransformerFormats

/// Holds gradients of the layers' activations, and inputs that are computed again for weight
/// gradients.
///
/// One set serves all layers, from the last to the first; `[rows, …]` each.
final class BackwardBuffers {
  /// The gradients of a layer's exit, and of the residual between its halves: `[rows, width]`. The
  /// exit's has further rows for the head (`PackedBatch.gradientRows`).
  let exit = FloatBuffer()
  let middle = FloatBuffer()
  /// The normalised inputs of the two halves: `[rows, width]`.
  let attentionInput = FloatBuffer()
  let feedForwardInput = FloatBuffer()
  /// The activation silu(gate) · up: `[rows, hiddenWidth]`.
  let activation = FloatBuffer()
  /// The gradient of the heads' outputs: `[rows, heads · headSize]`.
  let attended = FloatBuffer()
  /// The gradients of queries, keys and values, of even and of odd layers: one is read while the
  /// other is written.
  let queryKeyValue = [FloatBuffer(), FloatBuffer()]
  /// The factors of weight gradients in bf16; unused if products are in f32.
  let rounded = Rounded()
  /// The adapters' rows u = s · x Aᵀ and the gradients v = s · dy B, of each `AdapterLayout.SiteKind`:
  /// `[rows, components]`; unused without adapters.
  let lows = AdapterLayout.SiteKind.allCases.map { _ in FloatBuffer() }
  let lowGradients = AdapterLayout.SiteKind.allCases.map { _ in FloatBuffer() }
  /// Chunks' parts of the gradients of their prompts' keys and values, of one layer:
  /// `[sum rows, 2 · kv heads · headSize]`.
  let promptSums = FloatBuffer()
  /// Each tile's part of the gradients of gains and biases: `[tiles, VectorSums.count]`.
  let vectorSums = FloatBuffer()

  func reserve(
    _ batch: PackedBatch, vectorSums count: Int, shape: ModelShape, isHalf: Bool,
    adapters: AdapterLayout?
  ) {
    let rows = RowTiles.padded(batch.rowCount)
    let queryWidth = shape.headCount * shape.headSize
    if isHalf { rounded.reserve(rows: rows, shape, hasInputs: adapters == nil) }
    for kind in AdapterLayout.SiteKind.allCases {
      for buffers in [lows, lowGradients] {
        buffers[kind.rawValue].reserve(rows * (adapters?.components(kind) ?? 0))
      }
    }
    exit.reserve((rows + batch.repeatedTokens.count) * shape.width)
    for buffer in [middle, attentionInput, feedForwardInput] {
      buffer.reserve(rows * shape.width)
    }
    activation.reserve(rows * shape.hiddenWidth)
    attended.reserve(rows * queryWidth)
    for buffer in queryKeyValue {
      buffer.reserve(rows * (queryWidth + 2 * shape.keyValueHeadCount * shape.headSize))
    }
    promptSums.reserve(batch.sumRowCount * 2 * shape.keyValueHeadCount * shape.headSize)
    vectorSums.reserve(count)
  }

  /// Returns the number of floats that a row takes, sums and rounded factors apart.
  static func rowFloats(_ shape: ModelShape, adapters: AdapterLayout?) -> Int {
    let queryWidth = shape.headCount * shape.headSize
    let components = AdapterLayout.SiteKind.allCases.reduce(0) {
      $0 + (adapters?.components($1) ?? 0)
    }
    return 4 * shape.width + shape.hiddenWidth + queryWidth
      + 2 * (queryWidth + 2 * shape.keyValueHeadCount * shape.headSize) + 2 * components
  }

  /// Holds rounded gradients and inputs of the matrices whose weight gradients a layer gathers,
  /// `[rows, …]` each, with rows of zeros up to the granule.
  final class Rounded {
    let exit = BrainFloatBuffer()
    let middle = BrainFloatBuffer()
    let queryKeyValue = BrainFloatBuffer()
    let gateUp = BrainFloatBuffer()
    let attentionInput = BrainFloatBuffer()
    let feedForwardInput = BrainFloatBuffer()
    let activation = BrainFloatBuffer()
    let attended = BrainFloatBuffer()
    /// The head's factors: `[tokens, vocabulary]` and `[tokens, width]`.
    let logits = BrainFloatBuffer()
    let hidden = BrainFloatBuffer()

    /// - Parameter hasInputs: whether the inputs are needed: for gradients of the matrices.
    fileprivate func reserve(rows: Int, _ shape: ModelShape, hasInputs: Bool) {
      let queryWidth = shape.headCount * shape.headSize
      for buffer in [exit, middle] { buffer.reserve(rows * shape.width) }
      queryKeyValue.reserve(rows * (queryWidth + 2 * shape.keyValueHeadCount * shape.headSize))
      gateUp.reserve(rows * 2 * shape.hiddenWidth)
      guard hasInputs else { return }
      for buffer in [attentionInput, feedForwardInput] { buffer.reserve(rows * shape.width) }
      activation.reserve(rows * shape.hiddenWidth)
      attended.reserve(rows * queryWidth)
    }
  }
}
