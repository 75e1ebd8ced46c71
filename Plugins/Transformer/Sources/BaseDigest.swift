/// Knows the base of an adapter again by its parameters' bits. A run that goes on with another base would go on
/// to other bits, without a sign.
///
/// - Source: FNV-1a (datatracker.ietf.org/doc/html/draft-eastlake-fnv), by words instead of bytes and in
///   lanes, for speed. It finds a change; it withstands nobody who looks for two alike.
enum BaseDigest {
  private static let offset: UInt64 = 0xCBF2_9CE4_8422_2325
  private static let prime: UInt64 = 0x100_0000_01B3

  /// Returns 16 hexadecimal digits.
  static func text(of values: Span<Float>) -> String {
    var lanes = SIMD4<UInt64>(repeating: offset)
    let primes = SIMD4<UInt64>(repeating: prime)
    let whole = values.count / 4 * 4
    for index in stride(from: 0, to: whole, by: 4) {
      let words = SIMD4(
        UInt64(values[index].bitPattern), UInt64(values[index + 1].bitPattern),
        UInt64(values[index + 2].bitPattern), UInt64(values[index + 3].bitPattern))
      lanes = (lanes ^ words) &* primes
    }
    var digest = offset
    for index in whole..<values.count {
      digest = (digest ^ UInt64(values[index].bitPattern)) &* prime
    }
    for lane in 0..<4 { digest = (digest ^ lanes[lane]) &* prime }
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
