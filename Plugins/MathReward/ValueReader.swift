/// Reads tokens as a value: first lists, unions and relations, then what brackets hold, then numbers
/// and formulas. What nothing else fits is words.
enum ValueReader {
  /// The deepest nesting; what lies deeper is compared as text.
  private static let depthLimit = 8

  /// - Complexity: O(n) for each level of nesting.
  static func value(of tokens: ArraySlice<MathToken>, depth: Int = 0) -> MathValue {
    let tokens = unwrapped(tokens)
    if let number = NumberReader.number(in: tokens) {
      let unit = Unit(
        isPercentage: number.isPercentage,
        mayLackPercentSign: number.isPercentage
          && mayLackPercentSign(tokens.dropLast(), number.value))
      return .quantity(Expression(number.value), unit)
    }
    // Before lists, for its comma: `1,000 cm`.
    if let amount = amount(tokens) { return amount }
    guard depth < depthLimit else { return .words(normalised(tokens)) }
    func read(_ parts: [ArraySlice<MathToken>]) -> [MathValue] {
      parts.map { value(of: $0, depth: depth + 1) }
    }
    let (elements, joints) = Splitter.elements(
      of: tokens, but: Splitter.thousands(in: tokens))
    if elements.count > 1 {
      guard isOneKind(joints) else { return .words(normalised(tokens)) }
      return list(flattened(read(elements)), joints)
    }
    let parts = Splitter.parts(of: tokens) { $0 == .command("cup") }.parts
    if parts.count > 1 {
      // `A \cup B \setminus C` depends on where it begins.
      let isPure = Splitter.parts(of: tokens, at: MathNotation.isSetOperator).cuts.isEmpty
      return isPure ? .unordered(.union, read(parts)) : .words(normalised(tokens))
    }
    let (sides, signs) = Splitter.parts(of: tokens) { MathNotation.relations[$0] != nil }
    if sides.count > 1, sides.allSatisfy({ !$0.isEmpty }) { return .relation(read(sides), signs) }
    let isSet = tokens.first == .command("{") && Splitter.closes(tokens)
    if !isSet, let both = plusMinus(tokens) { return .unordered(.list, read(both)) }
    if tokens == [.command("emptyset")] { return .unordered(.set, []) }
    if let bracketed = bracketed(tokens, read) { return bracketed }
    return quantity(tokens) ?? .words(normalised(tokens))
  }

  /// Reads what brackets enclose: tuples, intervals, sets, matrices; a value in round brackets is
  /// itself.
  private static func bracketed(
    _ tokens: ArraySlice<MathToken>, _ read: ([ArraySlice<MathToken>]) -> [MathValue]
  ) -> MathValue? {
    guard let opening = tokens.first, let closing = tokens.last, Splitter.closes(tokens) else {
      return nil
    }
    let inner = tokens.dropFirst().dropLast()
    switch (opening, closing) {
    case (.command("{"), .command("}")):
      if inner.isEmpty { return .unordered(.set, []) }
      let halves = Splitter.parts(of: inner) {
        [.character(":"), .character("|"), .command("mid")].contains($0)
      }.parts
      if halves.count == 2 { return .ordered("{:}", read(halves)) }
      guard let elements = bracketedElements(inner) else { return .words(normalised(tokens)) }
      return .unordered(.set, flattened(read(elements)))
    case (.character("("), .character(")")), (.character("["), .character("]")),
      (.character("("), .character("]")), (.character("["), .character(")")):
      let isRound = opening == .character("(") && closing == .character(")")
      guard let elements = bracketedElements(inner) else { return .words(normalised(tokens)) }
      if elements.count == 1, isRound { return read(elements)[0] }
      let kind =
        (isRound || opening == .character("(") ? "(" : "[")
        + (closing == .character(")") ? ")" : "]")
      return .ordered(kind, read(elements))
    case (.command(let begin), .command(let end))
    where begin.hasPrefix("begin ") && end.hasPrefix("end ")
      && begin.dropFirst(6) == end.dropFirst(4):
      var rows = Splitter.parts(of: inner) { $0 == .command("\\") }.parts
      if rows.last?.isEmpty == true { rows.removeLast() }
      let cells = rows.map { row in
        MathValue.ordered("row", read(Splitter.parts(of: row) { $0 == .character("&") }.parts))
      }
      return .ordered(String(begin.dropFirst(6)), cells)
    default: return nil
    }
  }

  /// Reads a number with a unit.
  private static func amount(_ tokens: ArraySlice<MathToken>) -> MathValue? {
    let (sign, rest) = signed(tokens)
    var (number, unit) = Unit.split(rest)
    number = unwrapped(number)
    guard unit != Unit(), let value = NumberReader.number(in: Array(sign + number)[...]),
      !value.isPercentage
    else { return nil }
    unit.mayLackPercentSign = unit.isPercentage && mayLackPercentSign(number, value.value)
    return .quantity(Expression(value.value), unit)
  }

  /// Tells whether a percentage may be meant by its number alone: a decimal of 1 or more. Below 1, as
  /// with 0.5 beside 0.5 %, it could as well be the value.
  private static func mayLackPercentSign(_ number: ArraySlice<MathToken>, _ value: Rational) -> Bool
  {
    let marks: [MathToken] = [
      .character("."), .comma, .thousands, .thin, .space, .character("_"), .character("+"),
      .character("-"),
    ]
    return number.allSatisfy { $0.digit != nil || marks.contains($0) }
      && !(value.numerator < value.denominator)
  }

  /// Cuts a sign off, behind which a currency may stand.
  private static func signed(_ tokens: ArraySlice<MathToken>) -> (
    sign: ArraySlice<MathToken>, rest: ArraySlice<MathToken>
  ) {
    let isSigned = tokens.first == .character("-") || tokens.first == .character("+")
    return (tokens.prefix(isSigned ? 1 : 0), tokens.dropFirst(isSigned ? 1 : 0))
  }

  /// Reads a formula, perhaps with a unit, infinity, or a ratio.
  private static func quantity(_ tokens: ArraySlice<MathToken>) -> MathValue? {
    let (sign, rest) = signed(tokens)
    if rest.count == 1, rest.first == .command("infty") {
      let infinity = Expression(.symbol("infty"))
      return .quantity(sign.first == .character("-") ? -infinity : infinity, Unit())
    }
    if let ratio = ratio(tokens) { return .quantity(Expression(ratio), Unit()) }
    var (number, unit) = Unit.split(rest)
    // In `\sin 30^\circ` the degree is the argument's.
    if number.contains(where: MathNotation.isFunction) { (number, unit) = (rest, Unit()) }
    // In `x + 2\%` only the last term is a percentage.
    let signs = Splitter.parts(of: number) { [.character("+"), .character("-")].contains($0) }.cuts
    if !signs.isEmpty, unit.isPercentage || unit.factor != 1 { return nil }
    if let value = ExpressionReader.expression(in: Array(sign + number)[...]) {
      return .quantity(value, unit)
    }
    return nil
  }

  /// Reads `1:2` as a half. Two digits behind the colon may be minutes.
  private static func ratio(_ tokens: ArraySlice<MathToken>) -> Rational? {
    let parts = Splitter.parts(of: tokens) { $0 == .character(":") }.parts
    guard parts.count == 2, parts[1].count != 2,
      let top = NumberReader.number(in: parts[0]), let bottom = NumberReader.number(in: parts[1]),
      !top.isPercentage, !bottom.isPercentage, let inverse = bottom.value.inverse
    else { return nil }
    return top.value * inverse
  }

  /// Returns both of the texts that one with a single kind of ± stands for.
  private static func plusMinus(_ tokens: ArraySlice<MathToken>) -> [ArraySlice<MathToken>]? {
    guard tokens.count(where: { $0 == .command("pm") }) == 1,
      !tokens.contains(.command("mp"))
    else { return nil }
    return ["+", "-"].map { sign in
      tokens.map { $0 == .command("pm") ? .character(sign) : $0 }[...]
    }
  }

  /// Returns the tokens within `\text{…}` or `{…}` if those enclose all.
  private static func unwrapped(_ tokens: ArraySlice<MathToken>) -> ArraySlice<MathToken> {
    var tokens = tokens
    // Each round is linear, so their number has a limit.
    for _ in 0..<depthLimit {
      guard tokens.first == .textOpen || tokens.first == .open, Splitter.closes(tokens) else {
        break
      }
      tokens = tokens.dropFirst().dropLast()
    }
    return tokens
  }

  /// Returns the tokens to compare one by one: without the marks that only lists and numbers need.
  static func normalised(_ tokens: ArraySlice<MathToken>) -> [MathToken] {
    var result: [MathToken] = []
    var isBroken = false
    for token in tokens {
      if token == .textOpen || token == .textClose {
        isBroken = true
        continue
      }
      // Digits of two texts are two numbers, with a comma between them too.
      if isBroken, token.digit != nil {
        if result.last?.digit != nil { result.append(.space) }
        if result.last == .comma { result[result.count - 1] = .separator }
      }
      result.append(isBroken && token == .comma ? .separator : token)
      isBroken = false
    }
    // White space beside a comma says nothing, but for numbers of three digits: `1, 200`.
    let spaced = result
    for place in spaced.indices where spaced[place] == .separator {
      let (before, behind) = (spaced[..<place].suffix(3), spaced[(place + 1)...].prefix(3))
      let isNumber = before.last?.digit != nil && behind.first?.digit != nil
      let isThree = [before, behind].contains { $0.count == 3 && $0.allSatisfy { $0.digit != nil } }
      if !(isNumber && isThree) { result[place] = .comma }
    }
    return result
  }
}
