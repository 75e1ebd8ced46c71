/// Holds what an answer says.
indirect enum MathValue: Sendable {
  /// A number or formula, with what stands around it.
  case quantity(Expression, Unit)
  /// Elements in order: a tuple, an interval, a matrix, `x : condition`. The text tells the kinds
  /// apart.
  case ordered(String, [MathValue])
  case unordered(Collection, [MathValue])
  /// Sides with the relations between them.
  case relation([MathValue], [MathToken])
  /// All else, by its tokens.
  case words([MathToken])

  /// Elements without order.
  enum Collection: Sendable {
    /// Elements between commas. Each counts as often as it is there.
    case list
    /// Relations or names with *or* between them.
    case either
    /// Relations with *and* between them.
    case both
    /// Elements between braces.
    case set
    case union
  }

  /// How percentages are read beside numbers without the sign: 50 % as 1/2, or as 50. The reading is
  /// the same throughout an answer.
  enum Percentages: Sendable { case hundredths, bare }

  /// The largest collection that is compared in any order, for that comparison is quadratic.
  static let collectionLimit = 100

  func matches(_ other: MathValue, percentages: Percentages) -> Bool {
    switch (self, other) {
    case (.quantity(let a, let unit), .quantity(let b, let otherUnit)):
      return Self.match(a, unit, b, otherUnit, percentages)
    case (.words(let a), .words(let b)): return a == b || Self.isSameWord(a, b)
    case (.ordered(let kind, let a), .ordered(let otherKind, let b)):
      return kind == otherKind && Self.matchInOrder(a, b, percentages)
    case (.unordered(let kind, let a), .unordered(let otherKind, let b)):
      guard kind == otherKind else { return false }
      if !Self.haveNoOrder(a, b) { return Self.matchInOrder(a, b, percentages) }
      return kind == .set
        ? Self.matchSets(a, b, percentages) : Self.matchInAnyOrder(a, b, percentages)
    case (.relation(let a, let signs), .relation(let b, let otherSigns)):
      if signs == otherSigns, Self.matchInOrder(a, b, percentages) { return true }
      let turned = signs.reversed().map { MathNotation.relations[$0] ?? $0 }
      return turned == otherSigns && Self.matchInOrder(a.reversed(), b, percentages)
    case (.relation, _): return valueOfName?.matches(other, percentages: percentages) ?? false
    case (_, .relation):
      return other.valueOfName.map { matches($0, percentages: percentages) } ?? false
    default: return false
    }
  }

  private static func match(
    _ a: Expression, _ unit: Unit, _ b: Expression, _ otherUnit: Unit, _ percentages: Percentages
  ) -> Bool {
    guard unit.agrees(with: otherUnit) else { return false }
    // An angle without its sign is in radians if π is in it.
    if unit.name != otherUnit.name, unit.isOfDegrees || otherUnit.isOfDegrees, a.number == nil {
      return false
    }
    guard let x = a.times(unit.factor), let y = b.times(otherUnit.factor) else { return false }
    if unit.isPercentage == otherUnit.isPercentage || percentages == .bare { return x == y }
    guard let p = x.number, let q = y.number else { return false }
    return unit.isPercentage ? p.hundredth == q : p == q.hundredth
  }

  private static func matchInOrder(
    _ a: [MathValue], _ b: [MathValue], _ percentages: Percentages
  ) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.matches($1, percentages: percentages) }
  }

  private static func matchInAnyOrder(
    _ a: [MathValue], _ b: [MathValue], _ percentages: Percentages
  ) -> Bool {
    guard a.count == b.count else { return false }
    if a.count > collectionLimit { return matchInOrder(a, b, percentages) }
    var left = b
    for element in a {
      guard
        let place = left.firstIndex(where: { element.matches($0, percentages: percentages) })
      else { return false }
      left.remove(at: place)
    }
    return true
  }

  /// In a set of which an element is written twice it counts once, beside a set without such. Two
  /// that both repeat elements must repeat the same.
  private static func matchSets(
    _ a: [MathValue], _ b: [MathValue], _ percentages: Percentages
  ) -> Bool {
    if a.count == b.count { return matchInAnyOrder(a, b, percentages) }
    func areEqual(_ x: MathValue, _ y: MathValue) -> Bool { x.matches(y, percentages: percentages) }
    let (long, short) = a.count > b.count ? (a, b) : (b, a)
    guard long.count <= collectionLimit,
      short.indices.allSatisfy({ i in short[..<i].allSatisfy { !areEqual($0, short[i]) } })
    else { return false }
    return long.allSatisfy { element in short.contains { areEqual(element, $0) } }
      && short.allSatisfy { element in long.contains { areEqual(element, $0) } }
  }

  private static func isSameWord(_ a: [MathToken], _ b: [MathToken]) -> Bool {
    guard let x = word(a), let y = word(b) else { return false }
    return x == y && MathNotation.words.contains(x)
  }

  private static func word(_ tokens: [MathToken]) -> String? {
    let letters = tokens.compactMap(\.letter)
    guard letters.count == tokens.count else { return nil }
    return String(String.UnicodeScalarView(letters)).lowercased()
  }

  /// The right side of `x = 5`, `(a, b) = (1, 2)` and `f(x) = x + 1`; `nil` for other relations, and
  /// for `x = y`, which is no value of `x`.
  private var valueOfName: MathValue? {
    guard case .relation(let sides, [.character("=")]) = self, sides[0].isName, !sides[1].isName
    else { return nil }
    return sides[1]
  }

  /// Whether it is a word or a name, which stands for what is said elsewhere.
  var isNamed: Bool {
    if case .words = self { true } else { isName }
  }

  private var isName: Bool {
    switch self {
    case .quantity(let value, let unit): unit == Unit() && value.isSymbol
    case .ordered("()", let elements): elements.allSatisfy(\.isName)
    case .words(let tokens): Self.isCall(tokens)
    default: false
    }
  }

  /// Tells whether tokens are a function of a variable: `f(x)`.
  private static func isCall(_ tokens: [MathToken]) -> Bool {
    tokens.count == 4 && tokens[0].letter != nil && tokens[1] == .character("(")
      && tokens[2].letter != nil && tokens[3] == .character(")")
  }
}

extension Expression {
  fileprivate func times(_ factor: Int) -> Expression? {
    factor == 1 ? self : self * Expression(Rational(factor))
  }

  /// Whether it is a variable alone; π and ∞ are none.
  fileprivate var isSymbol: Bool {
    guard terms.count == 1, let term = terms.first, term.value == .one, term.key.count == 1,
      case (.symbol(let name), Exponent(top: 1))? = term.key.first
    else { return false }
    return !["pi", "infty", "e", "i"].contains(name)
  }
}
