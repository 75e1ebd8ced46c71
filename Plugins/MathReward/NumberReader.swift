/// Reads a whole sequence of tokens as one number: `-3`, `1,000`, `.5`, `3/4`, `\frac{3}{4}`,
/// `2\frac{1}{3}`, `50\%`.
///
/// - Complexity: O(n²) for n digits, of which there are at most `digitLimit`.
struct NumberReader {
  /// The most digits of a number; a longer one is compared as text. It is far beyond any answer,
  /// and quick to multiply.
  static let digitLimit = 1000

  private let tokens: ArraySlice<MathToken>
  private var place: Int

  /// - Returns: `nil` if the tokens are anything but one number.
  static func number(in tokens: ArraySlice<MathToken>) -> WrittenNumber? {
    var reader = NumberReader(tokens: tokens, place: tokens.startIndex)
    return reader.read()
  }

  /// Holds a decimal: its digits as a whole number, `scale` of them behind the point.
  private struct Decimal {
    var digits: [UInt8] = []
    var scale = 0

    /// Returns the digits with as many zeros behind as another number has places.
    func scaled(by places: Int) -> Natural {
      Natural(digits: digits + [UInt8](repeating: 0, count: places))
    }
  }

  private mutating func read() -> WrittenNumber? {
    let isNegative = readSign()
    guard let value = readUnsigned(isNegative: isNegative) else { return nil }
    let isPercentage = accept(.character("%"))
    guard place == tokens.endIndex else { return nil }
    return WrittenNumber(value: value, isPercentage: isPercentage)
  }

  private mutating func readUnsigned(isNegative: Bool) -> Rational? {
    if accept(.command("frac")) {
      guard let (top, isTopNegative) = readArgument(),
        let (bottom, isBottomNegative) = readArgument()
      else { return nil }
      return Self.ratio(
        top, bottom, isNegative: isNegative != (isTopNegative != isBottomNegative))
    }
    guard let first = readDecimal() else { return nil }
    if accept(.character("/")) {
      guard let bottom = readDecimal() else { return nil }
      return Self.ratio(first, bottom, isNegative: isNegative)
    }
    if next == .command("frac") || next == .space {
      guard let (top, bottom) = readProperFraction(), first.scale == 0 else { return nil }
      let whole = Natural(digits: first.digits) * bottom + top
      return Rational(isNegative: isNegative, whole, over: bottom)
    }
    return Self.ratio(first, Decimal(digits: [1]), isNegative: isNegative)
  }

  /// Reads the fraction of a mixed number: of whole numbers, and below 1.
  private mutating func readProperFraction() -> (Natural, Natural)? {
    guard let (top, bottom) = readPlainFraction(), top.scale == 0, bottom.scale == 0 else {
      return nil
    }
    let fraction = (Natural(digits: top.digits), Natural(digits: bottom.digits))
    return fraction.0 < fraction.1 ? fraction : nil
  }

  /// Reads `\frac{1}{3}` or, after white space, `1/3`; without signs.
  private mutating func readPlainFraction() -> (Decimal, Decimal)? {
    if accept(.command("frac")) {
      guard case (let top, false)? = readArgument(), case (let bottom, false)? = readArgument()
      else { return nil }
      return (top, bottom)
    }
    guard accept(.space), let top = readDecimal(), accept(.character("/")),
      let bottom = readDecimal()
    else { return nil }
    return (top, bottom)
  }

  private static func ratio(_ top: Decimal, _ bottom: Decimal, isNegative: Bool) -> Rational? {
    Rational(
      isNegative: isNegative, top.scaled(by: bottom.scale), over: bottom.scaled(by: top.scale))
  }

  /// Reads an argument of `\frac`: one digit, or a decimal in braces, which may have a sign.
  private mutating func readArgument() -> (Decimal, isNegative: Bool)? {
    // Skips the space in `\frac 1 2`.
    _ = accept(.space)
    if let digit = next?.digit {
      place += 1
      return (Decimal(digits: [digit]), false)
    }
    guard accept(.open) else { return nil }
    let isNegative = readSign()
    guard let decimal = readDecimal(), accept(.close) else { return nil }
    return (decimal, isNegative)
  }

  private mutating func readDecimal() -> Decimal? {
    var decimal = Decimal(digits: readDigits())
    if (1...3).contains(decimal.digits.count), decimal.digits[0] != 0 {
      while let group = groupOfThousand {
        decimal.digits += group
        place += 4
      }
    }
    if next == .character("."), tokens[place...].dropFirst().first?.digit != nil {
      place += 1
      let fraction = readDigits()
      decimal.digits += fraction
      decimal.scale = fraction.count
    }
    guard (1...Self.digitLimit).contains(decimal.digits.count) else { return nil }
    return decimal
  }

  private mutating func readDigits() -> [UInt8] {
    var digits: [UInt8] = []
    while let digit = next?.digit {
      digits.append(digit)
      place += 1
    }
    return digits
  }

  /// The three digits after a thousands separator here, if a fourth doesn't follow.
  private var groupOfThousand: [UInt8]? {
    guard next == .comma || next == .thousands || next == .thin else { return nil }
    let digits = tokens[place...].dropFirst().prefix(4).map(\.digit)
    guard digits.count >= 3, digits.count == 3 || digits[3] == nil else { return nil }
    let group = digits.prefix(3).compactMap(\.self)
    return group.count == 3 ? group : nil
  }

  private mutating func readSign() -> Bool {
    if accept(.character("-")) { return true }
    _ = accept(.character("+"))
    return false
  }

  private var next: MathToken? { place < tokens.endIndex ? tokens[place] : nil }

  private mutating func accept(_ token: MathToken) -> Bool {
    guard next == token else { return false }
    place += 1
    return true
  }
}
