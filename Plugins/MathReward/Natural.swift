/// Holds a natural number of any size, for products that must be exact.
struct Natural: Sendable, Equatable {
  /// The digits in base 10⁹, the least significant first, without leading zeros.
  private(set) var limbs: [UInt32]

  private static let base: UInt64 = 1_000_000_000

  /// - Parameter digits: decimal digits as numbers from 0 to 9, the most significant first.
  init(digits: [UInt8]) {
    limbs = stride(from: digits.count, to: 0, by: -9).map { end in
      digits[max(0, end - 9)..<end].reduce(0) { $0 * 10 + UInt32($1) }
    }
    trim()
  }

  private init(limbs: [UInt32]) {
    self.limbs = limbs
    trim()
  }

  var isZero: Bool { limbs.isEmpty }

  /// The number of decimal digits, 0 for zero.
  var digitCount: Int { limbs.last.map { (limbs.count - 1) * 9 + String($0).count } ?? 0 }

  private mutating func trim() {
    while limbs.last == 0 { limbs.removeLast() }
  }

  static func + (a: Natural, b: Natural) -> Natural {
    var sum: [UInt32] = []
    var carry: UInt64 = 0
    for place in 0..<max(a.limbs.count, b.limbs.count) {
      if place < a.limbs.count { carry += UInt64(a.limbs[place]) }
      if place < b.limbs.count { carry += UInt64(b.limbs[place]) }
      sum.append(UInt32(carry % base))
      carry /= base
    }
    return Natural(limbs: sum + [UInt32(carry)])
  }

  /// - Precondition: `b` is no greater than `a`.
  static func - (a: Natural, b: Natural) -> Natural {
    var difference: [UInt32] = []
    var borrow: Int64 = 0
    for place in a.limbs.indices {
      var limb = Int64(a.limbs[place]) - borrow
      if place < b.limbs.count { limb -= Int64(b.limbs[place]) }
      borrow = limb < 0 ? 1 : 0
      difference.append(UInt32(limb + borrow * Int64(base)))
    }
    return Natural(limbs: difference)
  }

  /// - Complexity: O(n m) for numbers of n and m digits.
  static func * (a: Natural, b: Natural) -> Natural {
    var product = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
    for (i, x) in a.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.limbs.enumerated() {
        // The sum is below 10¹⁸ + 2·10⁹, which 64 bits hold.
        carry += UInt64(x) * UInt64(y) + UInt64(product[i + j])
        product[i + j] = UInt32(carry % base)
        carry /= base
      }
      product[i + b.limbs.count] = UInt32(carry)
    }
    return Natural(limbs: product)
  }

  static func < (a: Natural, b: Natural) -> Bool {
    guard a.limbs.count == b.limbs.count else { return a.limbs.count < b.limbs.count }
    return a.limbs.reversed().lexicographicallyPrecedes(b.limbs.reversed())
  }
}
