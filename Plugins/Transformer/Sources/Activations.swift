import TransformerFormats

/// Holds what the layers of one pass compute for each other, each `[rows, …]`, rows padded to
/// `RowTiles.granule`.
///
/// A pass that a backward pass follows keeps every layer's buffers; otherwise all layers share one
/// set. Behind the last layer's attention there may be fewer rows (`ExitRows`).
final class Activations {
  /// Whether each layer has buffers of its own.
  let isKept: Bool
  private let shape: ModelShape
  /// The entry of each layer, then the exit of the last: `[rows, width]`.
  private let residuals: [FloatBuffer]
  /// The residual between attention and feed-forward, if kept.
  private let middles: [FloatBuffer]
  /// Rotated queries, rotated keys, values: `[rows, (heads + 2 · kv heads) · headSize]`.
  private let queryKeyValues: [FloatBuffer]
  /// Queries and keys before their heads' norms: `[rows, (heads + kv heads) · headSize]`, if kept
  /// and if there are such norms.
  private let plainQueryKeys: [FloatBuffer]
  /// Heads' outputs: `[rows, heads · headSize]`.
  private let attendeds: [FloatBuffer]
  /// log Σ exp of each row's and head's attention scores: `[rows, heads]`.
  private let logSums: [FloatBuffer]
  /// The gate's and up's products before the activation: `[rows, 2 · hiddenWidth]`; none unless
  /// kept.
  private let gateUps: [FloatBuffer]

  init(_ shape: ModelShape, isKept: Bool) {
    self.isKept = isKept
    self.shape = shape
    let sets = isKept ? shape.layerCount : 1
    func buffers(_ count: Int) -> [FloatBuffer] { (0..<count).map { _ in FloatBuffer() } }
    residuals = buffers(isKept ? sets + 1 : 1)
    middles = buffers(isKept ? sets : 0)
    queryKeyValues = buffers(sets)
    plainQueryKeys = buffers(isKept && shape.family.normalizesHeads ? sets : 0)
    attendeds = buffers(sets)
    logSums = buffers(sets)
    gateUps = buffers(isKept ? sets : 0)
  }

  /// Makes room for so many rows.
  func reserve(rows: Int) {
    let rows = RowTiles.padded(rows)
    for part in parts { part.buffer.reserve(rows * part.width) }
  }

  /// Returns the number of floats that so many rows take.
  func floats(rows: Int) -> Int { RowTiles.padded(rows) * parts.reduce(0) { $0 + $1.width } }

  /// Moves rows in every buffer.
  ///
  /// - Parameter exits: moves of the rows behind the last layer's attention; `nil`: as the others.
  func move(_ moves: RowMoves, exits: RowMoves?, pool: ThreadPool) {
    let parts = parts
    let last = exits == nil ? [] : lastParts
    pool.run(parts.count) { item, _ in
      let buffer = parts[item].buffer
      let isLast = last.contains { $0 === buffer }
      (isLast ? exits ?? moves : moves).apply(to: buffer, width: parts[item].width)
    }
  }

  /// The buffers behind the last layer's attention.
  private var lastParts: [FloatBuffer] {
    [residuals, middles, attendeds, logSums, gateUps].compactMap(\.last)
  }

  /// All buffers, with the lengths of their rows.
  private var parts: [(buffer: FloatBuffer, width: Int)] {
    let queryWidth = shape.headCount * shape.headSize
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    return (residuals + middles).map { ($0, shape.width) }
      + queryKeyValues.map { ($0, queryWidth + 2 * keyWidth) }
      + plainQueryKeys.map { ($0, queryWidth + keyWidth) }
      + attendeds.map { ($0, queryWidth) } + logSums.map { ($0, shape.headCount) }
      + gateUps.map { ($0, 2 * shape.hiddenWidth) }
  }

  func residual(_ layer: Int) -> FloatBuffer.Pointer { residuals[isKept ? layer : 0].pointer }
  /// Returns the buffer between a layer's halves: the residual itself unless kept, which is then
  /// updated in place.
  func middle(_ layer: Int) -> FloatBuffer.Pointer {
    isKept ? middles[layer].pointer : residuals[0].pointer
  }
  func queryKeyValue(_ layer: Int) -> FloatBuffer.Pointer {
    queryKeyValues[isKept ? layer : 0].pointer
  }
  func plainQueryKey(_ layer: Int) -> FloatBuffer.Pointer? {
    plainQueryKeys.isEmpty ? nil : plainQueryKeys[layer].pointer
  }
  func attended(_ layer: Int) -> FloatBuffer.Pointer { attendeds[isKept ? layer : 0].pointer }
  func logSum(_ layer: Int) -> FloatBuffer.Pointer { logSums[isKept ? layer : 0].pointer }
  func gateUp(_ layer: Int) -> FloatBuffer.Pointer? { isKept ? gateUps[layer].pointer : nil }
}
