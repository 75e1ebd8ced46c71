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
      case .q80: expandQ80(block, into: &values, at: place)
      case .q4K: expandQ4K(block, into: &values, at: place)
      case .q6K: expandQ6K(block, into: &values, at: place)
      }
    }
  }

  @inline(__always)
  private static func bits(_ block: Span<UInt8>, at offset: Int) -> UInt16 {
    UInt16(block[offset]) | UInt16(block[offset + 1]) << 8
  }

  @inline(__always)
  private static func half(_ block: Span<UInt8>, at offset: Int) -> Float {
    HalfPrecision.float(float16: bits(block, at: offset))
  }

  /// Expands a block of a scale, then 32 numbers of 4 bits with an offset of 8: the low halves
  /// first.
  @inline(__always)
  private static func expandQ40(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    for i in 0..<16 {
      let pair = block[2 + i]
      values[place + i] = Float(Int(pair & 0xF) - 8) * scale
      values[place + 16 + i] = Float(Int(pair >> 4) - 8) * scale
    }
  }

  /// Expands a block of a scale and a minimum, then numbers as in Q4_0 without the offset.
  @inline(__always)
  private static func expandQ41(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    let minimum = half(block, at: 2)
    for i in 0..<16 {
      let pair = block[4 + i]
      values[place + i] = Float(pair & 0xF) * scale + minimum
      values[place + 16 + i] = Float(pair >> 4) * scale + minimum
    }
  }

  /// Expands a block of a scale, then 32 signed bytes.
  @inline(__always)
  private static func expandQ80(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    for i in 0..<32 { values[place + i] = Float(Int8(bitPattern: block[2 + i])) * scale }
  }

  /// Expands a block of a scale of scales and one of minima, eight of each in 6 bits, then 256
  /// numbers of 4 bits.
  ///
  /// 32 bytes hold 64 numbers: the low halves are under one scale, the high ones under the next.
  @inline(__always)
  private static func expandQ4K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 0)
    let minimumUnit = half(block, at: 2)
    for group in 0..<8 {
      let (scaleSteps, minimumSteps) = stepsQ4K(block, group)
      let scale = scaleUnit * Float(scaleSteps)
      let minimum = minimumUnit * Float(minimumSteps)
      let numbers = 16 + 32 * (group / 2)
      let shift = UInt8(4 * (group % 2))
      for i in 0..<32 {
        let number = block[numbers + i] >> shift & 0xF
        values[place + 32 * group + i] = scale * Float(number) - minimum
      }
    }
  }

  /// Returns the 6 bits of a group's scale and minimum. The first four groups have a byte of their
  /// own for each, whose two upper bits belong to the last four groups.
  @inline(__always)
  private static func stepsQ4K(
    _ block: Span<UInt8>, _ group: Int
  ) -> (scale: UInt8, minimum: UInt8) {
    if group < 4 { return (block[4 + group] & 0x3F, block[8 + group] & 0x3F) }
    let low = block[8 + group]
    return (
      low & 0xF | (block[group] >> 6) << 4,
      low >> 4 | (block[4 + group] >> 6) << 4
    )
  }

  /// Expands a block of 256 numbers of 6 bits with an offset of 32 (four bits in one place, two in
  /// another), then 16 signed scales of 16 numbers each, and their scale.
  @inline(__always)
  private static func expandQ6K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 208)
    for group in 0..<16 {
      let scale = scaleUnit * Float(Int8(bitPattern: block[192 + group]))
      // Halves of 128 numbers are rows of 32, numbered by `row`.
      let (part, row) = (group / 8, group % 8 / 2)
      let first = 16 * (group % 2)
      let low = 64 * part + 32 * (row % 2) + first
      let high = 128 + 32 * part + first
      let lowShift = UInt8(4 * (row / 2))
      let highShift = UInt8(2 * row)
      for i in 0..<16 {
        let number = block[low + i] >> lowShift & 0xF | (block[high + i] >> highShift & 3) << 4
        values[place + 16 * group + i] = scale * Float(Int(number) - 32)
      }
    }
  }
}
