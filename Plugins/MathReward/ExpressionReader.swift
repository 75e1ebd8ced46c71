/// Reads tokens as one formula: sums, products, quotients, powers and roots of numbers, variables,
/// π and functions. What can be read in two ways is not read.
///
/// Sums and products of plain numbers are refused: to 7 · 8 the answer is 56, not 7 · 8. Only powers
/// of ten may follow a number: 1.5 · 10³.
struct ExpressionReader {
  /// The most tokens of a formula; a longer one is compared as text.
  private static let tokenLimit = 400
  /// Letters that are variables before a bracket, too. Others may be functions.
  private static let variables = Set("abckmnxyz".unicodeScalars)

  private let tokens: ArraySlice<MathToken>
  private var place: Int

  /// - Returns: `nil` if the tokens are anything but one formula.
  static func expression(in tokens: ArraySlice<MathToken>) -> Expression? {
    guard (1...tokenLimit).contains(tokens.count) else { return nil }
    if let number = NumberReader.number(in: tokens), !number.isPercentage {
      return Expression(number.value)
    }
    var reader = ExpressionReader(tokens: tokens, place: tokens.startIndex)
    guard let sum = reader.readSum(), reader.next == nil else { return nil }
    return sum.value
  }

  /// A formula, and whether a number that was written out is one of its terms or factors.
  private struct Part {
    var value: Expression
    var isLiteral = false

    var isPlainNumber: Bool { isLiteral && value.number != nil }
  }

  private mutating func readSum() -> Part? {
    var sum: Part?
    while true {
      let isNegative: Bool
      if accept(.character("-")) {
        isNegative = true
      } else if accept(.character("+")) || sum == nil {
        isNegative = false
      } else {
        return sum
      }
      guard var term = readProduct() else { return nil }
      if isNegative { term.value = -term.value }
      guard let before = sum else {
        sum = Part(value: term.value, isLiteral: term.isPlainNumber)
        continue
      }
      guard !(before.isLiteral && term.isPlainNumber), let both = before.value + term.value else {
        return nil
      }
      sum = Part(value: both, isLiteral: before.isLiteral || term.isPlainNumber)
    }
  }

  private mutating func readProduct() -> Part? {
    guard var product = readPower() else { return nil }
    while let token = next, !isEnd(token) {
      if accept(.character("/")) {
        guard let divisor = readPower(), next.map(isEnd) ?? true else { return nil }
        return quotient(product, divisor)
      }
      let isCross = accept(.command("times"))
      let isExplicit = isCross || accept(.command("cdot"))
      // A number after a factor without a sign between them: `x2`, `2 3`.
      if !isExplicit, next?.digit != nil || next == .space || next == .character(".") { return nil }
      // The cross between names may be that of vectors or sets, whose order counts.
      guard let factor = readPower(), !(product.isLiteral && factor.isLiteral),
        !isCross || product.value.number != nil || factor.value.number != nil,
        let value = product.value * factor.value
      else { return nil }
      product = Part(value: value, isLiteral: product.isLiteral || factor.isLiteral)
    }
    return product
  }

  private func quotient(_ top: Part, _ bottom: Part) -> Part? {
    // Zero over a variable is not defined everywhere.
    guard !top.value.isZero || bottom.value.number != nil,
      let inverse = bottom.value.power(Expression.Exponent(top: -1)),
      let value = top.value * inverse
    else { return nil }
    return Part(value: value, isLiteral: top.isLiteral && bottom.isLiteral)
  }

  private mutating func readPower() -> Part? {
    let start = place
    guard let base = readBase() else { return nil }
    guard accept(.character("^")) else {
      return next == .character("!") ? nil : base
    }
    guard let exponent = readArgument(), next != .character("!"), next != .character("^") else {
      return nil
    }
    if let letter = tokens[start].letter, letter == "e" {
      return Part(value: Expression(.power(base.value, exponent.value)))
    }
    guard let number = Expression.Exponent(exponent.value) else {
      return Part(value: Expression(.power(base.value, exponent.value)))
    }
    // `7 · 8^1` is a product of plain numbers too.
    if number.top == 0 || number == Expression.Exponent(top: 1) { return nil }
    return base.value.power(number).map { Part(value: $0) }
  }

  private mutating func readBase() -> Part? {
    guard let token = next else { return nil }
    if token.digit != nil || token == .character(".") {
      guard let number = NumberReader.prefix(of: tokens[place...]) else { return nil }
      place = number.end
      return Part(value: Expression(number.value), isLiteral: true)
    }
    place += 1
    switch token {
    case .command("frac"):
      guard let top = readArgument(), let bottom = readArgument() else { return nil }
      return quotient(top, bottom)
    case .command("sqrt"): return readRoot()
    case .character("("): return readBrackets(.character(")"))
    case .character("["): return readBrackets(.character("]"))
    case .open: return readBrackets(.close)
    case .command(let name) where MathNotation.functions.contains(name): return readFunction(name)
    case .command(let name) where MathNotation.greek.contains(name):
      return name != "pi" && next == .character("(") ? nil : readSymbol(name)
    case .character(let scalar) where scalar.properties.isAlphabetic:
      return isWord(scalar) ? nil : readSymbol(String(Character(scalar)))
    default: return nil
    }
  }

  /// Tells whether a letter is part of a word, may be a function, or may be no number: `AB`, `no`,
  /// `f(x)`, `x(2)`, `A \cdot B`.
  private func isWord(_ letter: Unicode.Scalar) -> Bool {
    if next == .character("("), !Self.variables.contains(letter) || isCall { return true }
    let before = place - 2 >= tokens.startIndex ? tokens[place - 2] : nil
    let points: [MathToken?] = [.command("cdot"), .command("times")]
    if letter.properties.isUppercase, points.contains(next) || points.contains(before) {
      return true
    }
    // Products of these are common, and there are no words of them.
    let names = Set("xyz".unicodeScalars)
    let neighbours = [before?.letter, next?.letter].compactMap(\.self)
    return !neighbours.isEmpty && !(neighbours + [letter]).allSatisfy(names.contains)
  }

  /// Tells whether the brackets here hold no sum: `x(t)`.
  private var isCall: Bool {
    let inner = tokens[place...].prefix { $0 != .character(")") }
    return !inner.contains(.character("+")) && !inner.contains(.character("-"))
  }

  /// Reads a name's index, if there is one.
  private mutating func readSymbol(_ name: String) -> Part? {
    guard accept(.character("_")) else { return Part(value: Expression(.symbol(name))) }
    let start = place
    guard skipArgument() else { return nil }
    return Part(value: Expression(.symbol("\(name)_\(tokens[start..<place])")))
  }

  private mutating func readRoot() -> Part? {
    var degree = 2
    if accept(.character("[")) {
      guard let digit = next?.digit, digit > 1 else { return nil }
      place += 1
      guard accept(.character("]")) else { return nil }
      degree = Int(digit)
    }
    guard let radicand = readArgument() else { return nil }
    return radicand.value.power(Expression.Exponent(top: 1, bottom: degree)).map { Part(value: $0) }
  }

  /// Reads the argument of a function: what brackets hold, or one group, number or name that nothing
  /// follows.
  private mutating func readFunction(_ name: String) -> Part? {
    var name = name
    if accept(.character("_")) {
      let start = place
      guard skipArgument() else { return nil }
      name += "_\(tokens[start..<place])"
      _ = accept(.space)
    }
    guard next != .character("^") else { return nil }
    let isBracketed = next == .character("(")
    guard let argument = readBase(), isBracketed || next.map(isEnd) ?? true, next != .character("^")
    else { return nil }
    return Part(value: Expression(.function(name, argument.value)))
  }

  private mutating func readBrackets(_ closing: MathToken) -> Part? {
    guard let sum = readSum(), accept(closing) else { return nil }
    return Part(value: sum.value, isLiteral: sum.isPlainNumber)
  }

  /// Reads the argument of a command or the exponent: a group, a digit, a name or a root.
  private mutating func readArgument() -> Part? {
    _ = accept(.space)
    if let digit = next?.digit {
      place += 1
      return Part(value: Expression(Rational(Int(digit))), isLiteral: true)
    }
    guard let token = next else { return nil }
    switch token {
    case .open, .command("frac"), .command("sqrt"): return readBase()
    case .command(let name) where MathNotation.greek.contains(name):
      place += 1
      return Part(value: Expression(.symbol(name)))
    case .character(let scalar) where scalar.properties.isAlphabetic:
      place += 1
      return Part(value: Expression(.symbol(String(Character(scalar)))))
    default: return nil
    }
  }

  /// Moves behind a group or one token.
  private mutating func skipArgument() -> Bool {
    guard let first = next else { return false }
    place += 1
    var depth = first.nesting
    guard depth >= 0 else { return false }
    while depth > 0, let token = next {
      depth += token.nesting
      place += 1
    }
    return depth == 0
  }

  /// Tells whether a token ends a product.
  private func isEnd(_ token: MathToken) -> Bool {
    [.character("+"), .character("-"), .character(")"), .character("]"), .close].contains(token)
  }

  private var next: MathToken? { place < tokens.endIndex ? tokens[place] : nil }

  private mutating func accept(_ token: MathToken) -> Bool {
    guard next == token else { return false }
    place += 1
    return true
  }
}
