import TransformerFormats
import TransformerKernels

/// Gives a tile's part of the gradients that all rows add to its place: those of gains and biases.
///
/// Each tile sums up its own rows, and the tiles' sums are then added in their order, so that the
/// result doesn't depend on which thread took which tile.
struct VectorSums {
  /// The places in a tile's sums, in floats.
  let attentionNorm, feedForwardNorm, queryNorm, keyNorm, queryKeyValueBias: Int
  /// The number of floats of a tile's sums.
  let count: Int

  init(_ shape: ModelShape) {
    let headNorm = shape.family.normalizesHeads ? shape.headSize : 0
    attentionNorm = 0
    feedForwardNorm = shape.width
    queryNorm = 2 * shape.width
    keyNorm = queryNorm + headNorm
    queryKeyValueBias = keyNorm + headNorm
    let bias = (shape.headCount + 2 * shape.keyValueHeadCount) * shape.headSize
    count = queryKeyValueBias + (shape.family.hasQueryKeyValueBias ? bias : 0)
  }
}

extension Network {
  /// Adds all tiles' sums to the gradients: of the upper layer those below its attention, of the
  /// lower layer its second norm.
  func addVectorSums(
    tiles: Int, upper: Int?, lower: Int?, gradients: FloatBuffer.Pointer
  ) {
    var parts: [(place: Int, target: Int, count: Int)] = []
    if let offsets = upper.map({ layout.layers[$0] }) {
      parts.append((vectorSums.attentionNorm, offsets.attentionNorm, width))
      if let norms = offsets.headNorms {
        parts.append((vectorSums.queryNorm, norms.query, shape.headSize))
        parts.append((vectorSums.keyNorm, norms.key, shape.headSize))
      }
      if let bias = offsets.queryKeyValueBias {
        parts.append((vectorSums.queryKeyValueBias, bias, queryKeyValueStride))
      }
    }
    if let offsets = lower.map({ layout.layers[$0] }) {
      parts.append((vectorSums.feedForwardNorm, offsets.feedForwardNorm, width))
    }
    for tile in 0..<tiles {
      let sums = backwardBuffers.vectorSums.pointer + tile * vectorSums.count
      for part in parts {
        tk_add(sums + part.place, gradients + part.target, Int32(part.count))
      }
    }
  }
}
