/// Holds a final answer that was read: a number, a list of answers, or else normalised LaTeX.
struct MathAnswer: Sendable {
  private indirect enum Value: Sendable {
    case number(WrittenNumber)
    case list(Brackets?, [Value])
    case text([MathToken])
  }

  private struct Brackets: Sendable, Equatable {
    let opening: MathToken
    let closing: MathToken
    var isSet: Bool { opening == .command("{") }
  }

  /// The deepest nesting of lists; deeper lists are compared as text.
  private static let depthLimit = 8
  /// The largest set that is compared in any order, for that comparison is quadratic.
  private static let setLimit = 100

  /// The normalised LaTeX of the whole.
  private let tokens: [MathToken]
  private let value: Value

  /// - Returns: `nil` if nothing is left of the text.
  /// - Complexity: O(n).
  init?(_ text: String) {
    var all = MathTokenizer.tokens(of: text)[...]
    if all.last == .character(".") { all.removeLast() }
    // Reads `x = 5` as 5.
    if all.count > 2, Self.isName(all[0]), all[1] == .character("="),
      !all[2...].contains(.character("="))
    {
      all = all[2...]
    }
    tokens = Self.normalised(all)
    guard !tokens.isEmpty else { return nil }
    value = Self.value(of: all, depth: 0)
  }

  /// Tells whether both answers are the same.
  ///
  /// - Complexity: O(n), and quadratic in the sizes of numbers and sets, which have limits.
  func matches(_ other: MathAnswer) -> Bool {
    tokens == other.tokens || Self.match(value, other.value)
  }

  private static func match(_ a: Value, _ b: Value) -> Bool {
    switch (a, b) {
    case (.number(let a), .number(let b)): return a.matches(b)
    case (.text(let a), .text(let b)): return a == b
    case (.list(let brackets, let a), .list(let otherBrackets, let b)):
      guard brackets == otherBrackets, a.count == b.count else { return false }
      if brackets?.isSet == true, a.count <= setLimit { return matchInAnyOrder(a, b) }
      return zip(a, b).allSatisfy { match($0, $1) }
    default: return false
    }
  }

  private static func matchInAnyOrder(_ a: [Value], _ b: [Value]) -> Bool {
    var left = b
    for element in a {
      guard let place = left.firstIndex(where: { match(element, $0) }) else { return false }
      left.remove(at: place)
    }
    return true
  }

  private static func value(of tokens: ArraySlice<MathToken>, depth: Int) -> Value {
    let tokens = unwrapped(tokens)
    if let number = NumberReader.number(in: tokens) ?? numberBeforeUnit(tokens) {
      return .number(number)
    }
    guard depth < depthLimit else { return .text(normalised(tokens)) }
    if let brackets = enclosing(tokens) {
      let elements = elements(of: tokens.dropFirst().dropLast())
      if elements.count == 1, brackets.opening == .character("("),
        brackets.closing == .character(")")
      {
        return value(of: elements[0], depth: depth + 1)
      }
      return .list(brackets, elements.map { value(of: $0, depth: depth + 1) })
    }
    let elements = elements(of: tokens)
    guard elements.count > 1 else { return .text(normalised(tokens)) }
    return .list(nil, elements.map { value(of: $0, depth: depth + 1) })
  }

  /// Returns the parts between commas that no bracket encloses.
  private static func elements(of tokens: ArraySlice<MathToken>) -> [ArraySlice<MathToken>] {
    var elements: [ArraySlice<MathToken>] = []
    var start = tokens.startIndex
    var depth = 0
    for place in tokens.indices {
      depth += tokens[place].nesting
      if depth == 0, tokens[place].isComma {
        elements.append(tokens[start..<place])
        start = place + 1
      }
    }
    return elements + [tokens[start...]]
  }

  /// Returns the round, square or set brackets around all of the tokens; half-open intervals have
  /// two kinds.
  private static func enclosing(_ tokens: ArraySlice<MathToken>) -> Brackets? {
    guard let opening = tokens.first, let closing = tokens.last, closes(tokens) else { return nil }
    let isSet = opening == .command("{") && closing == .command("}")
    let isTuple =
      [.character("("), .character("[")].contains(opening)
      && [.character(")"), .character("]")].contains(closing)
    return isSet || isTuple ? Brackets(opening: opening, closing: closing) : nil
  }

  /// Tells whether the first token opens what the last one closes.
  private static func closes(_ tokens: ArraySlice<MathToken>) -> Bool {
    var depth = 0
    for place in tokens.indices {
      depth += tokens[place].nesting
      if depth <= 0 { return place == tokens.endIndex - 1 && tokens.count > 1 }
    }
    return false
  }

  /// Returns the tokens within `\text{…}` or `{…}` if those enclose all.
  private static func unwrapped(_ tokens: ArraySlice<MathToken>) -> ArraySlice<MathToken> {
    var tokens = tokens
    // Each round is linear, so their number has a limit.
    for _ in 0..<depthLimit {
      guard tokens.first == .textOpen || tokens.first == .open, closes(tokens) else { break }
      tokens = tokens.dropFirst().dropLast()
    }
    return tokens
  }

  /// Returns the number before a unit, whatever the unit: `5\text{ cm}`, `5\text{ cm}^2`, `5 cm`.
  private static func numberBeforeUnit(_ tokens: ArraySlice<MathToken>) -> WrittenNumber? {
    var unit = tokens
    if unit.last?.digit != nil, unit.dropLast().last == .character("^") { unit.removeLast(2) }
    guard let start = unit.last == .textClose ? startOfText(unit) : startOfUnit(unit) else {
      return nil
    }
    return NumberReader.number(in: unit[..<start])
  }

  /// Returns the start of a `\text{…}` that ends the tokens; `nil` if none does.
  private static func startOfText(_ tokens: ArraySlice<MathToken>) -> Int? {
    var depth = 0
    for place in tokens.indices.reversed() {
      depth += tokens[place].nesting
      if depth == 0 { return tokens[place] == .textOpen ? place : nil }
    }
    return nil
  }

  /// Returns the start of the letters that end the tokens, if they are a known unit.
  private static func startOfUnit(_ tokens: ArraySlice<MathToken>) -> Int? {
    var letters = String.UnicodeScalarView()
    for token in tokens.suffix(MathNotation.unitLength + 1).reversed() {
      guard case .character(let letter) = token, letter.properties.isAlphabetic else { break }
      letters.append(letter)
    }
    return MathNotation.units.contains(String(String(letters).reversed()))
      ? tokens.endIndex - letters.count : nil
  }

  /// Returns the tokens to compare one by one: without the marks that only lists and numbers need.
  private static func normalised(_ tokens: ArraySlice<MathToken>) -> [MathToken] {
    tokens.compactMap { token in
      switch token {
      case .textOpen, .textClose, .thin: nil
      case .separator, .thousands: .comma
      default: token
      }
    }
  }

  /// Tells whether a token is a letter, or a command such as `\theta`.
  private static func isName(_ token: MathToken) -> Bool {
    switch token {
    case .character(let scalar): scalar.properties.isAlphabetic
    case .command: true
    default: false
    }
  }
}
