extension MathValue {
  var isRelation: Bool {
    if case .relation = self { true } else { false }
  }

  var isEquation: Bool {
    if case .relation(_, [.character("=")]) = self { true } else { false }
  }

  /// Whether something goes on in it: `1, 2, \ldots`.
  private var hasDots: Bool {
    switch self {
    case .words(let tokens): tokens.contains(.dots)
    case .ordered(_, let elements), .unordered(_, let elements), .relation(let elements, _):
      elements.contains(where: \.hasDots)
    case .quantity: false
    }
  }

  /// Tells whether the left sides of relations are all the same.
  static func haveOneName(_ relations: [MathValue]) -> Bool {
    let names = relations.compactMap(\.leftSide)
    return names.dropFirst().allSatisfy { $0.matches(names[0], percentages: .hundredths) }
  }

  /// Tells whether the order of elements says nothing. It does where dots go on from what is before,
  /// where one side of `x = 1, y = 2` and `1, 2` lacks the names or units, and in `x=1, y=2, x=3, y=4`, where it
  /// makes the pairs.
  static func haveNoOrder(_ a: [MathValue], _ b: [MathValue]) -> Bool {
    let (named, others) = (a.filter(\.isRelation), b.filter(\.isRelation))
    return !(a + b).contains(where: \.hasDots) && named.count == others.count
      && (named.count == a.count || named.isEmpty)
      && (haveOneName(named) || haveOwnNames(named)) && haveUnitsAlike(a, b)
  }

  /// Tells whether units leave the order free: not in `5 cm, 6 kg` beside `6, 5`.
  private static func haveUnitsAlike(_ a: [MathValue], _ b: [MathValue]) -> Bool {
    let (units, others) = (Set(a.compactMap(\.unitName)), Set(b.compactMap(\.unitName)))
    return units == others || max(units.count, others.count) == 1
  }

  private var unitName: String? {
    if case .quantity(_, let unit) = self, !unit.name.isEmpty { unit.name } else { nil }
  }

  /// Tells whether no two relations have the same left side.
  private static func haveOwnNames(_ relations: [MathValue]) -> Bool {
    let names = relations.prefix(collectionLimit).compactMap(\.leftSide)
    return names.indices.allSatisfy { i in
      names[..<i].allSatisfy { !$0.matches(names[i], percentages: .hundredths) }
    }
  }

  private var leftSide: MathValue? {
    if case .relation(let sides, _) = self { sides.first } else { nil }
  }
}
