/// Numbers byte strings in the order in which they are first seen, and finds them again.
///
/// All strings lie in one array, so a million words cost no million allocations.
package struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  /// The place where each string begins, and at last the end of the last one.
  private var starts: [Int] = [0]
  /// Hash table with open addressing and linear probing. A slot holds the upper half of a string's
  /// hash and, in its lower half, the string's number: the hash alone tells most strings apart.
  private var slots = [UInt64](repeating: Self.free, count: 16)

  package init() {}

  /// A slot without a string; the numbers of strings are less.
  private static let free = UInt64.max

  package var count: Int { starts.count - 1 }

  /// A string by its number.
  package subscript(index: Int) -> ArraySlice<UInt8> { bytes[starts[index]..<starts[index + 1]] }

  /// The number of a string, or nil if it isn't there.
  package func find(_ string: Span<UInt8>) -> Int? {
    let found = slots[slot(of: string, hash: Self.hash(string))]
    return found == Self.free ? nil : Self.number(found)
  }

  /// The number of a string, which is added if it isn't there.
  package mutating func intern(_ string: Span<UInt8>) -> Int {
    let hash = Self.hash(string)
    var place = slot(of: string, hash: hash)
    if slots[place] != Self.free { return Self.number(slots[place]) }
    // At most half full, so that probing stays short.
    if 2 * (count + 1) > slots.count {
      grow()
      place = slot(of: string, hash: hash)
    }
    slots[place] = hash & ~0xFFFF_FFFF | UInt64(count)
    for i in 0..<string.count { bytes.append(string[i]) }
    starts.append(bytes.count)
    return count - 1
  }

  private static func number(_ slot: UInt64) -> Int { Int(slot & 0xFFFF_FFFF) }

  /// The slot that holds the string, or the free one where it belongs.
  private func slot(of string: Span<UInt8>, hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
    while slots[place] != Self.free {
      if slots[place] >> 32 == hash >> 32 {
        let number = Self.number(slots[place])
        let start = starts[number]
        if starts[number + 1] - start == string.count {
          var i = 0
          while i < string.count && bytes[start + i] == string[i] { i += 1 }
          if i == string.count { return place }
        }
      }
      place = (place + 1) & (slots.count - 1)
    }
    return place
  }

  private mutating func grow() {
    var larger = [UInt64](repeating: Self.free, count: 2 * slots.count)
    for slot in slots where slot != Self.free {
      var place = Int(truncatingIfNeeded: slot >> 32) & (larger.count - 1)
      while larger[place] != Self.free { place = (place + 1) & (larger.count - 1) }
      larger[place] = slot
    }
    slots = larger
  }

  /// Hashes by FNV-1a, then by a multiplication that brings all of it into the upper half.
  private static func hash(_ string: Span<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for i in 0..<string.count { hash = (hash ^ UInt64(string[i])) &* 0x0000_0100_0000_01b3 }
    return (hash ^ hash >> 32) &* 0x9E37_79B9_7F4A_7C15
  }
}
