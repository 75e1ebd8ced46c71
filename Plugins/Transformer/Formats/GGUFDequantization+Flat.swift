/// The types whose blocks are 32 numbers under one scale.
extension GGUFDequantization {
  /// Expands a block of a scale, then 32 numbers of 4 bits with an offset of 8: the low halves
  /// first.
  @inline(__always)
  static func expandQ40(
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
  static func expandQ41(
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
  static func expandQ80(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    for i in 0..<32 { values[place + i] = Float(Int8(bitPattern: block[2 + i])) * scale }
  }

  /// Expands a block of a scale, a fifth bit for each of 32 numbers in one word, then their lower
  /// bits as in Q4_0; with an offset of 16.
  @inline(__always)
  static func expandQ50(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    let high = UInt32(bits(block, at: 4)) << 16 | UInt32(bits(block, at: 2))
    for i in 0..<16 {
      let pair = block[6 + i]
      let low = Int(pair & 0xF) | Int(high >> UInt32(i) & 1) << 4
      let top = Int(pair >> 4) | Int(high >> UInt32(16 + i) & 1) << 4
      values[place + i] = Float(low - 16) * scale
      values[place + 16 + i] = Float(top - 16) * scale
    }
  }

  /// Expands a block of a scale and a minimum, then numbers as in Q5_0 without the offset.
  @inline(__always)
  static func expandQ51(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    let minimum = half(block, at: 2)
    let high = UInt32(bits(block, at: 6)) << 16 | UInt32(bits(block, at: 4))
    for i in 0..<16 {
      let pair = block[8 + i]
      let low = UInt32(pair & 0xF) | (high >> UInt32(i) & 1) << 4
      let top = UInt32(pair >> 4) | (high >> UInt32(16 + i) & 1) << 4
      values[place + i] = Float(low) * scale + minimum
      values[place + 16 + i] = Float(top) * scale + minimum
    }
  }
}
