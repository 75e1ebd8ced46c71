import FulcrumKernel
import Testing

@Suite struct CounterRandomTests {
  /// Known answers of Random123 (kat_vectors, philox4x32 with 10 rounds).
  @Test(arguments: [
    (
      SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
      SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
    ),
    (
      SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
      SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
      SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
      SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ])
  func `Philox gives the published vectors`(
    counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>
  ) {
    #expect(Philox(key: key).block(counter) == expected)
  }

  @Test func `a draw depends on each counter, on the seed and on the purpose`() {
    let random = CounterRandom(seed: 7, purpose: "sampling")
    let base = random.uniform(step: 1, prompt: 2, sample: 3, token: 4)
    #expect(base == random.uniform(step: 1, prompt: 2, sample: 3, token: 4))
    #expect(base != random.uniform(step: 2, prompt: 2, sample: 3, token: 4))
    #expect(base != random.uniform(step: 1, prompt: 3, sample: 3, token: 4))
    #expect(base != random.uniform(step: 1, prompt: 2, sample: 4, token: 4))
    #expect(base != random.uniform(step: 1, prompt: 2, sample: 3, token: 5))
    let others = [
      CounterRandom(seed: 8, purpose: "sampling"), CounterRandom(seed: 7, purpose: "puzzles"),
    ]
    for other in others { #expect(base != other.uniform(step: 1, prompt: 2, sample: 3, token: 4)) }
  }

  @Test func `uniform draws fill the unit interval evenly`() {
    let random = CounterRandom(seed: 1, purpose: "test")
    var counts = [Int](repeating: 0, count: 16)
    let draws = 16_000
    for token in 0..<UInt32(draws) {
      let value = random.uniform(step: 0, prompt: 0, sample: 0, token: token)
      #expect(value >= 0 && value < 1)
      counts[Int(value * 16)] += 1
    }
    // Chi-square with 15 degrees of freedom: 37.7 is passed once in a thousand.
    let expected = Double(draws) / 16
    let chi = counts.reduce(0.0) {
      $0 + (Double($1) - expected) * (Double($1) - expected) / expected
    }
    #expect(chi < 37.7)
  }

  @Test func `normal draws have mean zero and deviation one`() {
    var stream = CounterRandom(seed: 1, purpose: "test").stream(0)
    let draws = (0..<20_000).map { _ in stream.normal() }
    let mean = draws.reduce(0, +) / 20_000
    let variance = draws.reduce(0) { $0 + $1 * $1 } / 20_000 - mean * mean
    // Four standard errors: 4/√n for the mean, 4·√(2/n) for the variance.
    #expect(abs(mean) < 0.0283)
    #expect(abs(variance - 1) < 0.04)
  }

  @Test func `a stream is the same whatever was drawn from others`() {
    let random = CounterRandom(seed: 3, purpose: "test")
    var first = random.stream(5)
    let expected = (0..<4).map { _ in first.next() }
    var other = random.stream(6)
    var again = random.stream(5)
    let mixed = (0..<4).map { _ in
      _ = other.next()
      return again.next()
    }
    #expect(mixed == expected)
  }
}
