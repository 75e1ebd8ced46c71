/// The types whose numbers of 4 bits stand for steps of unequal size.
extension GGUFDequantization {
  /// The step that each number stands for.
  ///
  /// - Source: `kvalues_iq4nl` in github.com/ggml-org/ggml, src/ggml-common.h.
  @inline(__always)
  private static func step(_ number: UInt8) -> Float {
    let steps: [16 of Int8] = [
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]
    return Float(steps[Int(number)])
  }

  /// Expands a block of a scale, then 32 numbers: the low halves first.
  @inline(__always)
  static func expandIQ4NL(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scale = half(block, at: 0)
    for i in 0..<16 {
      let pair = block[2 + i]
      values[place + i] = scale * step(pair & 0xF)
      values[place + 16 + i] = scale * step(pair >> 4)
    }
  }

  /// Expands a block of a scale of scales, then eight scales of 6 bits with an offset of 32 (two bits
  /// of each in one word, then four), then eight groups of 32 numbers as in IQ4_NL.
  @inline(__always)
  static func expandIQ4XS(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 0)
    let high = bits(block, at: 2)
    for group in 0..<8 {
      let low = Int(block[4 + group / 2] >> UInt8(4 * (group % 2)) & 0xF)
      let scale = scaleUnit * Float((low | Int(high >> UInt16(2 * group) & 3) << 4) - 32)
      for i in 0..<16 {
        let pair = block[8 + 16 * group + i]
        values[place + 32 * group + i] = scale * step(pair & 0xF)
        values[place + 32 * group + 16 + i] = scale * step(pair >> 4)
      }
    }
  }
}
