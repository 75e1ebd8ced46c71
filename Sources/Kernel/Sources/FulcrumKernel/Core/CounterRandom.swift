/// Philox 4x32-10: a random number is a function of a counter and a key, with no state.
///
/// So a draw for (step, prompt, sample, token) is the same whatever was drawn before it, on whatever
/// thread, in whatever batch.
///
/// - Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
@frozen
public struct Philox: Sendable {
  public let key: SIMD2<UInt32>

  @inlinable
  public init(key: SIMD2<UInt32>) { self.key = key }

  /// The 128 random bits at a counter.
  @inlinable
  public func block(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      // The multipliers and the Weyl increments are the paper's constants.
      let p0 = UInt64(0xD251_1F53) &* UInt64(c[0])
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c[2])
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p0))
      k = SIMD2(k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85)
    }
    return c
  }
}

/// The run's random numbers: a purpose, a seed and four counters give a draw.
public struct CounterRandom: Sendable {
  private let philox: Philox

  /// Draws of a seed and a purpose.
  ///
  /// - Parameters:
  ///   - seed: the run's.
  ///   - purpose: keeps unrelated uses of one seed apart: `sampling`, `puzzles`.
  public init(seed: UInt64, purpose: String) {
    // FNV-1a, 64 bits: any fixed hash that tells purposes apart will do.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    let mixed = Philox(
      key: SIMD2(UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
    ).block(SIMD4(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0))
    philox = Philox(key: SIMD2(mixed[0], mixed[1]))
  }

  /// A number in [0, 1) with 24 random bits.
  public func uniform(step: UInt32, prompt: UInt32, sample: UInt32, token: UInt32) -> Float {
    let bits = philox.block(SIMD4(token, sample, prompt, step))[0]
    return Float(bits >> 8) * 0x1p-24
  }

  /// An endless stream of draws that is a function of its number: puzzle 17, weight tensor 3.
  public func stream(_ number: UInt64) -> RandomStream {
    RandomStream(philox: philox, number: number)
  }
}

/// A generator over one stream of counters, for Swift's own `random(in:using:)` and `shuffle`.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let philox: Philox
  private let number: UInt64
  private var position: UInt64 = 0

  init(philox: Philox, number: UInt64) {
    self.philox = philox
    self.number = number
  }

  public mutating func next() -> UInt64 {
    let block = philox.block(
      SIMD4(
        UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
        UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32)))
    position += 1
    return UInt64(block[0]) | UInt64(block[1]) << 32
  }

  /// A number in [0, 1) with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A draw from the standard normal distribution (Box and Muller; the second value is dropped).
  public mutating func normal() -> Double {
    // 1 - u lies in (0, 1], so the logarithm is finite.
    (-2 * Elementary.log(1 - uniform())).squareRoot() * Elementary.cos(2 * .pi * uniform())
  }
}
