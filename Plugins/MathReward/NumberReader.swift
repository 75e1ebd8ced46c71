/// Reads a whole sequence of tokens as one number: `-3`, `1,000`, `1 000`, `.5`, `0.\overline{3}`,
/// `1.5e3`, `3/4`, `\frac{3}{4}`, `2\frac{1}{3}`, `50\%`.
///
/// - Complexity: O(n²) for n digits, of which there are at most `digitLimit`.
struct NumberReader {
  /// The most digits of a number; a longer one is compared as text. It is far beyond any answer,
  /// and quick to multiply.
  static let digitLimit = 1000

  private let tokens: ArraySlice<MathToken>
  private var place: Int

  /// - Returns: `nil` if the tokens are anything but one number.
  static func number(in tokens: ArraySlice<MathToken>) -> (value: Rational, isPercentage: Bool)? {
    var reader = NumberReader(tokens: tokens, place: tokens.startIndex)
    return reader.read()
  }

  /// Reads the decimal that tokens begin with.
  ///
  /// - Returns: its value, and the place behind it.
  static func prefix(of tokens: ArraySlice<MathToken>) -> (value: Rational, end: Int)? {
    var reader = NumberReader(tokens: tokens, place: tokens.startIndex)
    guard let decimal = reader.readDecimal(),
      let value = ratio(decimal, Decimal(digits: [1]), isNegative: false)
    else { return nil }
    return (value, reader.place)
  }

  /// Holds a decimal: its digits as a whole number, `scale` of them behind the point.
  private struct Decimal {
    var digits: [UInt8] = []
    var scale = 0
    var hasPoint = false

    /// Returns the digits with as many zeros behind as another number has places.
    func scaled(by places: Int) -> Natural {
      Natural(digits: digits + [UInt8](repeating: 0, count: places))
    }
  }

  private mutating func read() -> (value: Rational, isPercentage: Bool)? {
    let isNegative = readSign()
    guard let value = readUnsigned(isNegative: isNegative) else { return nil }
    let isPercentage = accept(.character("%"))
    guard place == tokens.endIndex else { return nil }
    return (value, isPercentage)
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
    if next == .command("overline") { return readRepeating(first, isNegative: isNegative) }
    if next == .character("e") || next == .character("E") {
      return readExponent(first, isNegative: isNegative)
    }
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

  /// Reads the digits that repeat behind a decimal's own: `0.1\overline{6}`.
  private mutating func readRepeating(_ decimal: Decimal, isNegative: Bool) -> Rational? {
    guard decimal.hasPoint, accept(.command("overline")) else { return nil }
    let isGroup = accept(.open)
    let digits = readDigits()
    guard !digits.isEmpty, isGroup ? accept(.close) : digits.count == 1,
      digits.count <= Self.digitLimit
    else { return nil }
    // As many nines: a hundredth of 0.333… is 0.00333…, and 0.333… is 3/9.
    let nines = Natural(digits: [UInt8](repeating: 9, count: digits.count))
    return Rational(
      isNegative: isNegative, Natural(digits: decimal.digits) * nines + Natural(digits: digits),
      over: nines * .ten(toThe: decimal.scale))
  }

  /// Reads the power of ten of `1.5e3`. In `2e-3` the letter may be Euler's number.
  private mutating func readExponent(_ decimal: Decimal, isNegative: Bool) -> Rational? {
    let letter = next
    place += 1
    let isSigned = next == .character("-") || next == .character("+")
    guard !isSigned || letter == .character("E") || decimal.hasPoint else { return nil }
    let isSmall = readSign()
    let digits = readDigits()
    guard (1...3).contains(digits.count), let zeros = Natural(digits: digits).small,
      zeros <= Self.digitLimit,
      let value = Self.ratio(decimal, Decimal(digits: [1]), isNegative: isNegative)
    else { return nil }
    return Rational(10).power(isSmall ? -zeros : zeros).map { value * $0 }
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
    if (1...3).contains(decimal.digits.count), decimal.digits[0] != 0, let mark = separator {
      while next == mark, let group = groupOfThousand {
        decimal.digits += group
        place += 4
      }
    }
    let behind = tokens[place...].dropFirst().first
    if next == .character("."), behind?.digit != nil || behind == .command("overline") {
      place += 1
      let fraction = readDigits()
      decimal.digits += fraction
      decimal.scale = fraction.count
      decimal.hasPoint = true
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

  /// The thousands separator here, which is the same throughout a number.
  private var separator: MathToken? {
    guard let next, [.comma, .thousands, .thin, .space, .character("_")].contains(next) else {
      return nil
    }
    // `1 234/5` may be a mixed number.
    if next == .space, tokens[place...].dropFirst(4).first == .character("/") { return nil }
    return next
  }

  /// The three digits after the separator here, if a fourth doesn't follow.
  private var groupOfThousand: [UInt8]? {
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
