/// The types whose blocks are 256 numbers in groups, each with a small scale of its own.
extension GGUFDequantization {
  /// Expands a block of a scale and a minimum for each of 16 groups, in 4 bits each, then 256 numbers
  /// of 2 bits, then the scale of the scales and that of the minima.
  ///
  /// 32 bytes hold 128 numbers: 32 in each pair of bits.
  @inline(__always)
  static func expandQ2K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 80)
    let minimumUnit = half(block, at: 82)
    for group in 0..<16 {
      let scale = scaleUnit * Float(block[group] & 0xF)
      let minimum = minimumUnit * Float(block[group] >> 4)
      let numbers = 16 + 32 * (group / 8) + 16 * (group % 2)
      let shift = UInt8(2 * (group % 8 / 2))
      for i in 0..<16 {
        let number = block[numbers + i] >> shift & 3
        values[place + 16 * group + i] = scale * Float(number) - minimum
      }
    }
  }

  /// Expands a block of a third bit for each of 256 numbers, then their lower bits as in Q2_K, then 16
  /// scales of 6 bits with an offset of 32, and their scale. Without its third bit a number is lower
  /// by 4.
  @inline(__always)
  static func expandQ3K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 108)
    for group in 0..<16 {
      // Four bits of two scales in each of eight bytes, then two bits of four scales in each of four.
      let low = block[96 + group % 8] >> UInt8(4 * (group / 8)) & 0xF
      let high = block[104 + group % 4] >> UInt8(2 * (group / 4)) & 3
      let scale = scaleUnit * Float(Int(low | high << 4) - 32)
      let first = 16 * (group % 2)
      let numbers = 32 + 32 * (group / 8) + first
      let shift = UInt8(2 * (group % 8 / 2))
      let mask = UInt8(1) << UInt8(group / 2)
      for i in 0..<16 {
        let number = Int(block[numbers + i] >> shift & 3)
        let isHigh = block[first + i] & mask != 0
        values[place + 16 * group + i] = scale * Float(isHigh ? number : number - 4)
      }
    }
  }

  /// Expands a block of a scale of scales and one of minima, eight of each in 6 bits, then 256
  /// numbers of 4 bits.
  ///
  /// 32 bytes hold 64 numbers: the low halves are under one scale, the high ones under the next.
  @inline(__always)
  static func expandQ4K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 0)
    let minimumUnit = half(block, at: 2)
    for group in 0..<8 {
      let (scaleSteps, minimumSteps) = steps(block, group)
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

  /// Returns the 6 bits of a group's scale and minimum in Q4_K and Q5_K. The first four groups have a byte of their
  /// own for each, whose two upper bits belong to the last four groups.
  @inline(__always)
  private static func steps(
    _ block: Span<UInt8>, _ group: Int
  ) -> (scale: UInt8, minimum: UInt8) {
    if group < 4 { return (block[4 + group] & 0x3F, block[8 + group] & 0x3F) }
    let low = block[8 + group]
    return (
      low & 0xF | (block[group] >> 6) << 4,
      low >> 4 | (block[4 + group] >> 6) << 4
    )
  }

  /// Expands a block as in Q4_K, with a fifth bit for each number before the lower ones.
  @inline(__always)
  static func expandQ5K(
    _ block: Span<UInt8>, into values: inout MutableSpan<Float>, at place: Int
  ) {
    let scaleUnit = half(block, at: 0)
    let minimumUnit = half(block, at: 2)
    for group in 0..<8 {
      let (scaleSteps, minimumSteps) = steps(block, group)
      let scale = scaleUnit * Float(scaleSteps)
      let minimum = minimumUnit * Float(minimumSteps)
      let numbers = 48 + 32 * (group / 2)
      let shift = UInt8(4 * (group % 2))
      for i in 0..<32 {
        let high = block[16 + i] >> UInt8(group) & 1
        let number = block[numbers + i] >> shift & 0xF | high << 4
        values[place + 32 * group + i] = scale * Float(number) - minimum
      }
    }
  }

  /// Expands a block of 256 numbers of 6 bits with an offset of 32 (four bits in one place, two in
  /// another), then 16 signed scales of 16 numbers each, and their scale.
  @inline(__always)
  static func expandQ6K(
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
