/// Holds a fraction, not reduced.
struct Rational: Sendable, Equatable {
  let isNegative: Bool
  let numerator: Natural
  let denominator: Natural

  /// - Returns: `nil` if the denominator is zero.
  init?(isNegative: Bool, _ numerator: Natural, over denominator: Natural) {
    guard !denominator.isZero else { return nil }
    self.isNegative = isNegative && !numerator.isZero
    self.numerator = numerator
    self.denominator = denominator
  }

  /// A hundredth of the fraction.
  var hundredth: Rational? {
    Rational(
      isNegative: isNegative, numerator, over: denominator * Natural(digits: [1, 0, 0]))
  }

  static func == (a: Rational, b: Rational) -> Bool {
    a.isNegative == b.isNegative && a.numerator * b.denominator == b.numerator * a.denominator
  }
}

/// Holds a number as an answer writes it.
struct WrittenNumber: Sendable {
  let value: Rational
  /// Whether a per-cent sign follows, which isn't part of `value`.
  let isPercentage: Bool

  /// Tells whether both are the same number. Beside a bare number 50 % is both 50 and 1/2.
  func matches(_ other: WrittenNumber) -> Bool {
    if value == other.value { return true }
    if isPercentage == other.isPercentage { return false }
    return isPercentage ? value.hundredth == other.value : value == other.value.hundredth
  }
}
