import Testing
import TransformerFormats

struct TensorPrecisionTests {
  @Test(
    arguments: [
      (0x3F80_0000, 0x3F80),  // 1
      (0x3F80_8000, 0x3F80),  // halfway above 1: to even, down
      (0x3F80_8001, 0x3F81),  // just above halfway: up
      (0x3F81_8000, 0x3F82),  // halfway above the next: to even, up
      (0x3F81_7FFF, 0x3F81),  // just below halfway: down
      (0x8000_0000, 0x8000),  // -0
      (0x0000_8000, 0x0000),  // half of the smallest subnormal: to even, zero
      (0x0000_8001, 0x0001),  // just more than that half
      (0x7F7F_7FFF, 0x7F7F),  // rounds to the greatest finite value
      (0x7F7F_8000, 0x7F80),  // the first that rounds to infinity
      (0xFF80_0000, 0xFF80),  // -infinity
      (0x7F80_0001, 0x7FC0),  // a NaN stays one, though its set bit is cut off
    ] as [(UInt32, UInt16)])
  func `bf16 rounds to nearest, ties to even`(_ float: UInt32, _ half: UInt16) {
    #expect(HalfPrecision.bfloat16(Float(bitPattern: float)) == half)
  }

  @Test(
    arguments: [
      (1, 0x3C00), (0x1.002p0, 0x3C00), (0x1.003p0, 0x3C01), (0x1.006p0, 0x3C02),
      (-2.5, 0xC100), (65504, 0x7BFF), (0x1.FFDFFEp15, 0x7BFF), (65520, 0x7C00),
      (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001),
    ] as [(Float, UInt16)])
  func `f16 rounds to nearest, ties to even`(_ float: Float, _ half: UInt16) {
    #expect(HalfPrecision.float16(float) == half)
  }

  @Test func `every half reads as a float that rounds back to it`() {
    for bits in UInt16.min...UInt16.max {
      // Magnitudes above infinity's are NaNs, whose payload need not survive.
      if bits & 0x7FFF <= 0x7F80 {
        #expect(HalfPrecision.bfloat16(HalfPrecision.float(bfloat16: bits)) == bits)
      }
      if bits & 0x7FFF <= 0x7C00 {
        #expect(HalfPrecision.float16(HalfPrecision.float(float16: bits)) == bits)
      }
    }
    #expect(HalfPrecision.float(bfloat16: 0xC049) == -3.140625 as Float)
    #expect(HalfPrecision.float(float16: 0x3555) == 0.333251953125 as Float)
  }

  @Test func `precisions bear the names of both formats`() {
    #expect(TensorPrecision.allCases.map(\.huggingFaceName) == ["float32", "bfloat16", "float16"])
    #expect(TensorPrecision.allCases.map(\.element.rawValue) == ["F32", "BF16", "F16"])
  }
}
