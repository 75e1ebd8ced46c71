/// Holds a fraction, not reduced.
struct Rational: Sendable, Equatable {
  let isNegative: Bool
  let numerator: Natural
  let denominator: Natural

  /// - Returns: `nil` if the denominator is zero.
  init?(isNegative: Bool, _ numerator: Natural, over denominator: Natural) {
    guard !denominator.isZero else { return nil }
    self.init(isNegative, numerator, denominator)
  }

  private init(_ isNegative: Bool, _ numerator: Natural, _ denominator: Natural) {
    self.isNegative = isNegative && !numerator.isZero
    self.numerator = numerator
    self.denominator = denominator
  }

  static let one = Rational(false, .one, .one)

  /// - Parameter value: between −2³¹ and 2³¹.
  init(_ value: Int) { self.init(value < 0, Natural(abs(value)), .one) }

  var isZero: Bool { numerator.isZero }
  var magnitude: Rational { Rational(false, numerator, denominator) }
  /// One over the fraction; `nil` for zero.
  var inverse: Rational? { Rational(isNegative: isNegative, denominator, over: numerator) }
  /// A hundredth of the fraction.
  var hundredth: Rational { Rational(isNegative, numerator, denominator * Natural(100)) }
  /// Whether the digits are more than a number may have; products of such are not formed.
  var isHuge: Bool {
    numerator.digitCount + denominator.digitCount > 2 * NumberReader.digitLimit
  }

  static func == (a: Rational, b: Rational) -> Bool {
    a.isNegative == b.isNegative && a.numerator * b.denominator == b.numerator * a.denominator
  }

  static prefix func - (a: Rational) -> Rational {
    Rational(!a.isNegative, a.numerator, a.denominator)
  }

  static func * (a: Rational, b: Rational) -> Rational {
    Rational(
      a.isNegative != b.isNegative, a.numerator * b.numerator, a.denominator * b.denominator)
  }

  static func + (a: Rational, b: Rational) -> Rational {
    let (x, y) = (a.numerator * b.denominator, b.numerator * a.denominator)
    let below = a.denominator * b.denominator
    if a.isNegative == b.isNegative { return Rational(a.isNegative, x + y, below) }
    return x < y ? Rational(b.isNegative, y - x, below) : Rational(a.isNegative, x - y, below)
  }

  /// - Returns: `nil` for zero to a negative power, and for a power of too many digits.
  func power(_ exponent: Int) -> Rational? {
    guard let base = exponent < 0 ? inverse : self,
      let top = base.numerator.power(abs(exponent)),
      let bottom = base.denominator.power(abs(exponent))
    else { return nil }
    return Rational(base.isNegative && exponent % 2 != 0, top, bottom)
  }
}
