import TransformerFormats

/// Holds one thread's memory within one item of parallel work.
final class WorkerScratch {
  typealias Pointer = FloatBuffer.Pointer

  /// The largest number of rows in a tile.
  static let tileRows = 192
  /// The number of query rows that the attention's backward pass takes at a time.
  static let backwardRows = 64

  /// Rows of the residual's width and their gradients: `[tileRows, width]` each.
  let hidden, hiddenGradient: FloatBuffer
  /// The gate's and up's products: `[tileRows, 2 · hiddenWidth]`.
  let gateUp: FloatBuffer
  /// The activations: `[tileRows, hiddenWidth]`.
  let activation: FloatBuffer
  /// A sequence's keys in blocks, and its values with padded heads.
  let keys, values: FloatBuffer
  /// The attention scores: `[scoreRows, scoreStride]`.
  let scores: FloatBuffer
  let scoreStride: Int
  /// The weighted sums of values: `[scoreRows, paddedHeadSize]`.
  let sums: FloatBuffer
  /// 1 / softmax denominator of each of `scoreRows`.
  let reciprocals: FloatBuffer
  /// Pointers to `scoreRows` query rows.
  let queries: UnsafeMutablePointer<UnsafePointer<Float>?>
  /// The attention's probabilities and their gradients, `[backwardRows, contextLength]` each; made
  /// on first use.
  let probabilities = FloatBuffer()
  let probabilityGradients = FloatBuffer()
  /// Queries of scattered rows and their gradients, `[backwardRows, headSize]` each; made on first
  /// use.
  let scatteredQueries = FloatBuffer()
  /// Logits of a tile, or the sampler's exponentials; made on first use.
  let logits = FloatBuffer()
  let exponentials = FloatBuffer()
  /// The likeliest tokens of one place, with their log π; made on first use.
  let topTokens = NumberBuffer<Int32>()
  let topLogProbabilities = FloatBuffer()
  /// A tile's rows within the adapters' factors; made on first use.
  let low = FloatBuffer()
  /// Some columns of a product that threads share out; made on first use.
  let share = FloatBuffer()
  /// A product's rows in bf16; made on first use.
  let rounded = BrainFloatBuffer()

  init(_ shape: ModelShape) {
    let tile = Self.tileRows
    // Scores are written in whole vectors, of the prompt and of the completion.
    let context = shape.contextLength + 48
    let scoreRows = max(8, shape.headCount / shape.keyValueHeadCount)
    let paddedHead = KeyValueLayout.padded(shape.headSize)
    hidden = FloatBuffer(count: tile * shape.width)
    hiddenGradient = FloatBuffer(count: tile * shape.width)
    gateUp = FloatBuffer(count: tile * 2 * shape.hiddenWidth)
    activation = FloatBuffer(count: tile * shape.hiddenWidth)
    keys = FloatBuffer(count: context * shape.headSize)
    values = FloatBuffer(count: context * paddedHead)
    scoreStride = context
    scores = FloatBuffer(count: scoreRows * context)
    sums = FloatBuffer(count: scoreRows * paddedHead)
    reciprocals = FloatBuffer(count: scoreRows)
    queries = .allocate(capacity: scoreRows)
    queries.initialize(repeating: nil, count: scoreRows)
  }

  deinit { queries.deallocate() }
}
