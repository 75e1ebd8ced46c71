/// Numbers byte strings in the order in which they are first seen, and finds them again.
///
/// All strings lie in one array, so a million words cost no million allocations.
struct ByteStringTable: Sendable {
  private var bytes: [UInt8] = []
  /// Where each string begins, and at last where the last one ends.
  private var starts: [Int] = [0]
  /// Open addressing with linear probing; a slot holds a string's number, or -1.
  private var slots = [Int32](repeating: -1, count: 64)

  var count: Int { starts.count - 1 }

  /// A string by its number.
  subscript(index: Int) -> ArraySlice<UInt8> { bytes[starts[index]..<starts[index + 1]] }

  /// The number of a string, or nil if it isn't there.
  func find(_ string: Span<UInt8>) -> Int? {
    let found = slots[slot(of: string)]
    return found < 0 ? nil : Int(found)
  }

  /// The number of a string, which is added if it isn't there.
  mutating func intern(_ string: Span<UInt8>) -> Int {
    var place = slot(of: string)
    if slots[place] >= 0 { return Int(slots[place]) }
    // At most half full, so that probing stays short.
    if 2 * (count + 1) > slots.count {
      grow()
      place = slot(of: string)
    }
    slots[place] = Int32(count)
    for i in 0..<string.count { bytes.append(string[i]) }
    starts.append(bytes.count)
    return count - 1
  }

  /// The slot that holds the string, or the free one where it belongs.
  private func slot(of string: Span<UInt8>) -> Int {
    var place = Self.hash(string) & (slots.count - 1)
    while slots[place] >= 0 {
      let start = starts[Int(slots[place])]
      if starts[Int(slots[place]) + 1] - start == string.count {
        var i = 0
        while i < string.count && bytes[start + i] == string[i] { i += 1 }
        if i == string.count { return place }
      }
      place = (place + 1) & (slots.count - 1)
    }
    return place
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: 2 * slots.count)
    for index in 0..<count {
      var place = Self.hash(self[index].span) & (slots.count - 1)
      while slots[place] >= 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = Int32(index)
    }
  }

  /// FNV-1a, with the high bits folded in, since the table uses the low ones.
  private static func hash(_ string: Span<UInt8>) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for i in 0..<string.count { hash = (hash ^ UInt64(string[i])) &* 0x0000_0100_0000_01b3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
