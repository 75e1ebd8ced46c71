/// Reads lists, of which some commas may belong to numbers.
extension ValueReader {
  /// Tells whether a text's joints leave one reading: not `1,2;3,4` and `1 and 2 or 3`.
  static func isOneKind(_ joints: Set<Splitter.Joint>) -> Bool {
    !joints.isSuperset(of: [.comma, .semicolon]) && !joints.isSuperset(of: [.and, .or])
  }

  /// Makes a list. Between numbers *and*, *or* and commas are the same. Between names and relations they
  /// are not, unless all give values of one name: `x=1 or x=2`.
  static func list(_ elements: [MathValue], _ joints: Set<Splitter.Joint>) -> MathValue {
    let relations = elements.filter(\.isRelation)
    let areValues = relations.allSatisfy(\.isEquation)
    if relations.isEmpty
      ? !elements.contains(where: \.isNamed) : areValues && MathValue.haveOneName(relations)
    {
      return .unordered(.list, elements)
    }
    if joints.contains(.or) { return .unordered(.either, elements) }
    return .unordered(areValues || !joints.contains(.and) ? .list : .both, elements)
  }

  /// Cuts what brackets hold at all of its commas.
  ///
  /// - Returns: `nil` if some of them may separate thousands: in `(1,000)` and `(1,200, 3)`; and for
  ///   words between the elements.
  static func bracketedElements(_ inner: ArraySlice<MathToken>) -> [ArraySlice<MathToken>]? {
    let (elements, joints) = Splitter.elements(of: inner)
    guard joints.isEmpty || joints == [.comma] || joints == [.semicolon] else { return nil }
    let thousands = Splitter.thousands(in: inner)
    let isSpaced = !Splitter.parts(of: inner, at: { $0 == .separator }).cuts.isEmpty
    let isPadded = thousands.contains { inner[$0 + 1].digit == 0 }
    return !thousands.isEmpty && (isSpaced || isPadded) ? nil : elements
  }

  /// Lists within a list, as of `0, ±1`, are part of it.
  static func flattened(_ values: [MathValue]) -> [MathValue] {
    values.flatMap { value in
      if case .unordered(.list, let elements) = value { elements } else { [value] }
    }
  }
}
