import TransformerFormats
import TransformerKernels

/// Lays keys and values out in memory for the attention kernels.
///
/// Keys are in blocks of 16 positions, component by component, so that one vector holds a component
/// of 16 keys. Values are rows, padded to whole vectors with zeros.
struct KeyValueLayout: Sendable {
  let headSize: Int
  let paddedHeadSize: Int

  init(_ shape: ModelShape) {
    headSize = shape.headSize
    paddedHeadSize = Self.padded(shape.headSize)
  }

  /// Returns `count` rounded up to whole vectors.
  static func padded(_ count: Int) -> Int {
    let lanes = Int(TK_LANES)
    return (count + lanes - 1) / lanes * lanes
  }

  /// Returns the number of floats that the keys of so many positions take.
  func keyFloats(_ positions: Int) -> Int { Self.padded(positions) * headSize }

  /// Returns the number of floats that the values of so many positions take.
  func valueFloats(_ positions: Int) -> Int { positions * paddedHeadSize }

  /// Writes one position's key and value.
  @inline(__always)
  func store(
    key: UnsafePointer<Float>, value: UnsafePointer<Float>, at position: Int,
    keys: FloatBuffer.Pointer, values: FloatBuffer.Pointer
  ) {
    tk_pack_key(key, keys, Int32(position), Int32(headSize))
    let row = values + position * paddedHeadSize
    row.update(from: value, count: headSize)
    (row + headSize).update(repeating: 0, count: paddedHeadSize - headSize)
  }
}
