/// Turns ggml's blocks into floats.
///
/// - Numerics: every operation is one of Float, in the order of ggml's own reference, so the
///   results are the same to the bit.
/// - Source: `dequantize_row_*` in github.com/ggml-org/ggml, src/ggml-quants.c; the layouts are
///   those of `block_*` in src/ggml-common.h.
package enum GGUFDequantization {
  /// Expands whole blocks.
  ///
  /// - Shape: `values` has `blockLength` elements for each `blockByteCount` bytes of `blocks`.
  package static func expand(
    _ blocks: Span<UInt8>, of element: GGUFElement, into values: inout MutableSpan<Float>
  ) {
    let count = values.count / element.blockLength
    precondition(
      values.count == count * element.blockLength && blocks.count == count * element.blockByteCount,
      "\(blocks.count) bytes of \(element) do not give \(values.count) values")
    for index in 0..<count {
      let start = index * element.blockByteCount
      let block = blocks.extracting(start..<start + element.blockByteCount)
      let place = index * element.blockLength
      switch element {
      case .f32:
        values[place] = Float(
          bitPattern: UInt32(bits(block, at: 2)) << 16 | UInt32(bits(block, at: 0)))
      case .f16: values[place] = half(block, at: 0)
      case .bf16: values[place] = HalfPrecision.float(bfloat16: bits(block, at: 0))
      case .q40: expandQ40(block, into: &values, at: place)
      case .q41: expandQ41(block, into: &values, at: place)
      case .q50: expandQ50(block, into: &values, at: place)
      case .q51: expandQ51(block, into: &values, at: place)
      case .q80: expandQ80(block, into: &values, at: place)
      case .q2K: expandQ2K(block, into: &values, at: place)
      case .q3K: expandQ3K(block, into: &values, at: place)
      case .q4K: expandQ4K(block, into: &values, at: place)
      case .q5K: expandQ5K(block, into: &values, at: place)
      case .q6K: expandQ6K(block, into: &values, at: place)
      case .iq4NL: expandIQ4NL(block, into: &values, at: place)
      case .iq4XS: expandIQ4XS(block, into: &values, at: place)
      }
    }
  }

  @inline(__always)
  static func bits(_ block: Span<UInt8>, at offset: Int) -> UInt16 {
    UInt16(block[offset]) | UInt16(block[offset + 1]) << 8
  }

  @inline(__always)
  static func half(_ block: Span<UInt8>, at offset: Int) -> Float {
    HalfPrecision.float(float16: bits(block, at: offset))
  }
}
