import FulcrumKernel
import JSON
import Testing
import TransformerFormats

struct GGUFDequantizationTests {
  private func expand(_ bytes: [UInt8], _ element: GGUFElement) -> [Float] {
    let count = bytes.count / element.blockByteCount * element.blockLength
    var values = [Float](repeating: .nan, count: count)
    var span = values.mutableSpan
    GGUFDequantization.expand(bytes.span, of: element, into: &span)
    return values
  }

  // Halves: 0x3C00 is 1, 0x3800 is 1/2, 0x4000 is 2, 0xC000 is -2.

  @Test func `plain types are read as they are`() {
    #expect(expand([0, 0, 0x20, 0xC0, 0, 0, 0, 0x3F], .f32) == [-2.5, 0.5])
    #expect(expand([0, 0xC1, 0, 0x38], .f16) == [-2.5, 0.5])
    #expect(expand([0x20, 0xC0, 0, 0x3F], .bf16) == [-2.5, 0.5])
  }

  @Test func `a block of Q4_0 has an offset of eight and its low halves first`() {
    var block = [UInt8](repeating: 0x88, count: 18)
    (block[0], block[1]) = (0x00, 0x38)
    block[2] = 0xF0
    block[17] = 0x7C
    var expected = [Float](repeating: 0, count: 32)
    expected[0] = -4  // (0 - 8) / 2
    expected[16] = 3.5  // (15 - 8) / 2
    expected[15] = 2  // (12 - 8) / 2
    expected[31] = -0.5  // (7 - 8) / 2
    #expect(expand(block, .q40) == expected)
  }

  @Test func `a block of Q4_1 adds its minimum`() {
    var block = [UInt8](repeating: 0, count: 20)
    (block[1], block[3]) = (0x38, 0xC0)
    block[4] = 0xF1
    block[19] = 0x20
    var expected = [Float](repeating: -2, count: 32)
    expected[0] = -1.5  // 1 / 2 - 2
    expected[16] = 5.5  // 15 / 2 - 2
    expected[31] = -1  // 2 / 2 - 2
    #expect(expand(block, .q41) == expected)
  }

  @Test func `a block of Q8_0 has signed bytes`() {
    var block = [UInt8](repeating: 0, count: 34)
    block[1] = 0x40
    (block[2], block[3], block[33]) = (0x80, 0x7F, 0xFF)
    var expected = [Float](repeating: 0, count: 32)
    (expected[0], expected[1], expected[31]) = (-256, 254, -2)
    #expect(expand(block, .q80) == expected)
  }

  @Test func `a block of Q4_K has eight scales and minima of six bits`() {
    var block = [UInt8](repeating: 0, count: 144)
    (block[1], block[3]) = (0x3C, 0x38)
    // Group 0: scale 3, minimum 2. Group 5: scale 0b10_0101 = 37, minimum 0b01_0011 = 19, of which
    // the upper two bits lie above group 1's scale and minimum, which are 0.
    (block[4], block[8]) = (3, 2)
    block[13] = 0b0011_0101
    (block[5], block[9]) = (0b1000_0000, 0b0100_0000)
    block[16] = 0x0F  // group 0, number 0: 15
    block[16 + 64] = 0x20  // group 5, number 0: 2
    var expected = [Float](repeating: 0, count: 256)
    for i in 0..<32 { (expected[i], expected[160 + i]) = (-1, -9.5) }
    expected[0] = 44  // 3 · 15 - 2 / 2
    expected[160] = 64.5  // 37 · 2 - 19 / 2
    #expect(expand(block, .q4K) == expected)
  }

  @Test func `a block of Q6_K has numbers of six bits and sixteen signed scales`() {
    var block = [UInt8](repeating: 0, count: 210)
    block[209] = 0x3C
    // Number 0 is under scale 0, number 50 under scale 3, number 255 under scale 15.
    (block[192], block[195], block[207]) = (1, 0xFE, 3)
    block[0] = 0x05  // four lower bits of number 0
    block[50] = 0x0A  // of number 50, in the second row
    block[127] = 0xC0  // of number 255, in the upper half
    (block[128], block[146], block[191]) = (0b11, 0b1000, 0b0100_0000)
    var expected = [Float](repeating: 0, count: 256)
    // Without bits a number is -32.
    for i in 0..<16 { (expected[i], expected[48 + i], expected[240 + i]) = (-32, 64, -96) }
    expected[0] = 21  // 5 + 3 · 16 - 32
    expected[50] = -20  // -2 · (10 + 2 · 16 - 32)
    expected[255] = -12  // 3 · (12 + 1 · 16 - 32)
    #expect(expand(block, .q6K) == expected)
  }

  @Test(arguments: [GGUFElement.q40, .q41, .q80, .q4K, .q6K])
  func `random blocks have the values of the format's definition`(_ element: GGUFElement) {
    var random = CounterRandom(seed: 3, purpose: "blocks").stream(UInt64(element.rawValue))
    for _ in 0..<50 {
      var block = (0..<element.blockByteCount).map { _ in UInt8.random(in: 0...255, using: &random)
      }
      // The halves' exponents are kept below those of infinity and NaN.
      for place in BlockOracle.halves(of: element) { block[place + 1] &= 0xBF }
      // Exact in Double, and rounded at most once in Float: the nearest float, without tolerance.
      let expected = BlockOracle.values(block, element).map { Float($0) }
      #expect(expand(block, element) == expected)
    }
  }

  /// The blocks of make-blocks.py: every byte takes each of its values once, but for those of halves,
  /// which are finite and at their extremes.
  private func blocks(_ element: GGUFElement, halves: [Int]) -> [UInt8] {
    let scales: [UInt16] = [
      0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x83FF, 0x0400, 0x8400, 0x3C00, 0xBC00, 0x7BFF,
      0xFBFF,
      0x2E66, 0xAE66, 0x1234, 0x9ABC,
    ]
    let number = Int(element.rawValue)
    var bytes: [UInt8] = []
    for block in 0..<256 {
      let start = bytes.count
      for place in 0..<element.blockByteCount {
        let odd = 2 * ((place * 37 + number * 11) % 128) + 1
        bytes.append(UInt8(truncatingIfNeeded: block * odd + place * 101 + number * 7))
      }
      for (index, place) in halves.enumerated() {
        let half = scales[index == 0 ? block % 16 : block / 16]
        bytes[start + place] = UInt8(truncatingIfNeeded: half)
        bytes[start + place + 1] = UInt8(half >> 8)
      }
    }
    return bytes
  }

  @Test func `every quantised type has the bits that the gguf package gives its blocks`() throws {
    let types = try #require(Fixtures.json(Fixtures.gguf + "/blocks.json").elements)
    let numbers = types.compactMap { $0["number"]?.integer.flatMap(UInt32.init(exactly:)) }
    #expect(
      Set(numbers) == Set(GGUFElement.allCases.filter { $0.blockLength > 1 }.map(\.rawValue)))
    for (type, number) in zip(types, numbers) {
      let element = try #require(GGUFElement(rawValue: number))
      let halves = try #require(type["halves"]?.elements).compactMap(\.integer)
      let values = expand(blocks(element, halves: halves), element)
      // Each hash is that of the values of 32 blocks.
      let count = 32 * element.blockLength
      let hashes = stride(from: 0, to: values.count, by: count).map {
        GGUFBuilder.hash(values[$0..<$0 + count])
      }
      #expect(hashes == type["hashes"]?.elements?.compactMap(\.text), "\(element)")
    }
  }
}

/// The blocks' definition, number by number, in Double.
private enum BlockOracle {
  static func halves(of element: GGUFElement) -> [Int] {
    switch element {
    case .q40, .q80: [0]
    case .q41, .q4K: [0, 2]
    case .q6K: [208]
    default: []
    }
  }

  /// IEEE 754 binary16 of a finite number.
  static func half(_ block: [UInt8], _ place: Int) -> Double {
    let bits = Int(block[place]) + 256 * Int(block[place + 1])
    let (sign, exponent, fraction) = (bits / 32768, bits / 1024 % 32, Double(bits % 1024))
    var power = 1.0
    for _ in 0..<abs(max(exponent, 1) - 25) { power *= exponent < 25 ? 0.5 : 2 }
    return (sign == 1 ? -1 : 1) * (exponent == 0 ? fraction : 1024 + fraction) * power
  }

  static func values(_ block: [UInt8], _ element: GGUFElement) -> [Double] {
    (0..<element.blockLength).map { value(block.map { Int($0) }, block, element, $0) }
  }

  private static func signed(_ byte: Int) -> Double { Double(byte < 128 ? byte : byte - 256) }

  private static func value(
    _ byte: [Int], _ block: [UInt8], _ element: GGUFElement, _ i: Int
  ) -> Double {
    let scale = half(block, halves(of: element).first ?? 0)
    switch element {
    case .q40:
      let number = i < 16 ? byte[2 + i] % 16 : byte[2 + i - 16] / 16
      return scale * Double(number - 8)
    case .q41:
      let number = i < 16 ? byte[4 + i] % 16 : byte[4 + i - 16] / 16
      return scale * Double(number) + half(block, 2)
    case .q80: return scale * signed(byte[2 + i])
    case .q4K:
      // 64 numbers share 32 bytes; the i-th pair of 32 is group i / 32.
      let group = i / 32
      let pair = byte[16 + i / 64 * 32 + i % 32]
      let number = group % 2 == 0 ? pair % 16 : pair / 16
      let scales = byte[4..<16].map { $0 }
      let steps =
        group < 4
        ? (scales[group] % 64, scales[group + 4] % 64)
        : (
          scales[group + 4] % 16 + scales[group - 4] / 64 * 16,
          scales[group + 4] / 16 + scales[group] / 64 * 16
        )
      return scale * Double(steps.0 * number) - half(block, 2) * Double(steps.1)
    default:
      // Halves of 128 in four rows of 32: rows 0 and 1 have the low nibbles, 2 and 3 the high ones.
      let (part, row, column) = (i / 128, i % 128 / 32, i % 32)
      let nibbles = byte[part * 64 + row % 2 * 32 + column]
      let low = row < 2 ? nibbles % 16 : nibbles / 16
      var high = byte[128 + part * 32 + column]
      for _ in 0..<row { high /= 4 }
      return scale * signed(byte[192 + i / 16]) * Double(low + high % 4 * 16 - 32)
    }
  }
}
