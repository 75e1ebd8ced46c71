/// Finds merges by their pair of tokens: two tokens give a rank and the token they become.
struct PairTable: Sendable {
  /// An empty slot's key, which no pair has: token numbers are not negative.
  private static let free = UInt64.max

  /// The keys of a hash table with open addressing and linear probing.
  private var keys: [UInt64]
  /// The values: the rank in the upper half, the merged token in the lower.
  private var values: [UInt64]

  /// - Parameter capacity: the number of pairs that will be added.
  init(capacity: Int) {
    var slotCount = 16
    while slotCount < 2 * capacity { slotCount *= 2 }
    keys = Array(repeating: Self.free, count: slotCount)
    values = Array(repeating: 0, count: slotCount)
  }

  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private func slot(of key: UInt64) -> Int {
    let mask = keys.count - 1
    // Fibonacci hashing: the upper bits of the product depend on all of the key.
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[slot] != key && keys[slot] != Self.free { slot = (slot + 1) & mask }
    return slot
  }

  /// - Returns: false if the pair was there already; it is left as it was then.
  mutating func add(_ left: Int32, _ right: Int32, rank: Int, token: Int32) -> Bool {
    let key = Self.key(left, right)
    let slot = slot(of: key)
    guard keys[slot] == Self.free else { return false }
    keys[slot] = key
    values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: token))
    return true
  }

  func find(_ left: Int32, _ right: Int32) -> (rank: UInt32, token: Int32)? {
    let slot = slot(of: Self.key(left, right))
    guard keys[slot] != Self.free else { return nil }
    return (
      UInt32(truncatingIfNeeded: values[slot] >> 32), Int32(truncatingIfNeeded: values[slot])
    )
  }
}
