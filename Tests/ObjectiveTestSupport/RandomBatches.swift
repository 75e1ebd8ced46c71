/// Seeded test data, apart from the kernel's generator.
///
/// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
package struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  package mutating func number(in range: ClosedRange<Double>) -> Float {
    Float(Double.random(in: range, using: &self))
  }
}

extension MiniBatch {
  /// Ragged sequences, one of them empty, with an advantage for each token.
  ///
  /// - Parameters:
  ///   - drift: bounds of log π − log π_old.
  ///   - lengths: of the sequences.
  package static func random(
    seed: UInt64, drift: ClosedRange<Double> = -1...1.5,
    referenceDrift: ClosedRange<Double> = -2...2,
    lengths: [Int] = [7, 0, 13, 1, 20, 9]
  ) -> MiniBatch {
    var numbers = SeededNumbers(seed: seed)
    let count = lengths.reduce(0, +)
    let old = (0..<count).map { _ in numbers.number(in: -5 ... -0.5) }
    var batch = MiniBatch(
      current: old.map { $0 + numbers.number(in: drift) }, old: old,
      advantages: (0..<count).map { _ in numbers.number(in: -2.5...2.5) }, lengths: lengths)
    batch.reference = old.map { $0 + numbers.number(in: referenceDrift) }
    batch.entropies = (0..<count).map { _ in numbers.number(in: 0...3) }
    return batch
  }

  /// The cuts in which tests weigh the default lengths of `random`.
  package static let cuts: [[Range<Int>]] = [[0..<1, 1..<3, 3..<6], [0..<5, 5..<6]]
}
