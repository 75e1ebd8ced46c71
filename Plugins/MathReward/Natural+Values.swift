extension Natural {
  static let one = Natural(digits: [1])

  /// - Parameter value: below 2³¹.
  init(_ value: Int) { self.init(digits: String(value).utf8.map { $0 - 0x30 }) }

  /// The power of ten with as many zeros.
  static func ten(toThe zeros: Int) -> Natural {
    Natural(digits: [1] + [UInt8](repeating: 0, count: zeros))
  }

  /// The number if it is below 2³¹; `nil` for a greater one.
  var small: Int? {
    guard digitCount <= 10 else { return nil }
    let value = limbs.reversed().reduce(0) { $0 * 1_000_000_000 + Int($1) }
    return value < 1 << 31 ? value : nil
  }

  /// - Returns: `nil` for a power of more digits than a number may have.
  func power(_ exponent: Int) -> Natural? {
    guard self != .one, !isZero else { return exponent == 0 ? .one : self }
    guard exponent * max(1, digitCount - 1) <= NumberReader.digitLimit else { return nil }
    var power = Natural.one
    for _ in 0..<exponent { power = power * self }
    return power
  }
}
