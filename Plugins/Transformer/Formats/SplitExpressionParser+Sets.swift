/// Parses characters and classes.
extension SplitExpressionParser {
  /// Parses one character or class.
  mutating func set() throws(Unknown) -> ScalarSet {
    if take("[") { return try bracketed() }
    guard let scalar = next, !"^.()|?*+{}]".unicodeScalars.contains(scalar) else {
      throw Unknown()
    }
    place += 1
    guard scalar == "\\" else {
      return try caseless(ScalarSet([.range(scalar.value...scalar.value)]))
    }
    return try caseless(ScalarSet([escape()]))
  }

  private mutating func bracketed() throws(Unknown) -> ScalarSet {
    let isNegated = take("^")
    var elements: [ScalarSet.Element] = []
    while !take("]") {
      let first = try member()
      guard case .range(let lower) = first, next == "-", place + 1 < scalars.count,
        scalars[place + 1] != "]"
      else {
        elements.append(first)
        continue
      }
      place += 1
      guard case .range(let upper) = try member(), lower.lowerBound <= upper.upperBound else {
        throw Unknown()
      }
      elements.append(.range(lower.lowerBound...upper.upperBound))
    }
    guard !elements.isEmpty else { throw Unknown() }
    return try caseless(ScalarSet(elements, isNegated: isNegated))
  }

  private mutating func member() throws(Unknown) -> ScalarSet.Element {
    // A bracket would begin a class within the class, "&&" an intersection.
    guard let scalar = next, scalar != "[",
      !(scalar == "&" && scalars[place...].starts(with: "&&".unicodeScalars))
    else { throw Unknown() }
    place += 1
    return scalar == "\\" ? try escape() : .range(scalar.value...scalar.value)
  }

  /// Returns what stands behind a backslash.
  private mutating func escape() throws(Unknown) -> ScalarSet.Element {
    guard let scalar = next else { throw Unknown() }
    place += 1
    switch scalar {
    case "s": return .space(isNegated: false)
    case "S": return .space(isNegated: true)
    case "r": return .range(0x0D...0x0D)
    case "n": return .range(0x0A...0x0A)
    case "t": return .range(0x09...0x09)
    case "d": return .categories(try categories("Nd"))
    case "D": return .categories(GeneralCategories.all.subtracting(try categories("Nd")))
    case "p", "P": return try property(isNegated: scalar == "P")
    case "u":
      guard place + 4 <= scalars.count,
        let value = UInt32(String(String.UnicodeScalarView(scalars[place..<place + 4])), radix: 16),
        Unicode.Scalar(value) != nil
      else { throw Unknown() }
      place += 4
      return .range(value...value)
    // Letters and digits have meanings of their own.
    case _
    where scalar.isASCII && !("0"..."9").contains(scalar)
      && !("a"..."z").contains(scalar) && !("A"..."Z").contains(scalar):
      return .range(scalar.value...scalar.value)
    default: throw Unknown()
    }
  }

  private mutating func property(isNegated: Bool) throws(Unknown) -> ScalarSet.Element {
    guard take("{"), let end = scalars[place...].firstIndex(of: "}") else { throw Unknown() }
    let categories = try categories(String(String.UnicodeScalarView(scalars[place..<end])))
    place = end + 1
    return .categories(isNegated ? GeneralCategories.all.subtracting(categories) : categories)
  }

  private func categories(_ name: String) throws(Unknown) -> GeneralCategories {
    guard let categories = GeneralCategories(named: name) else { throw Unknown() }
    return categories
  }

  /// Returns the set without regard to case, where that is asked for; only of ASCII's characters,
  /// of which s and k have a third form.
  private func caseless(_ set: ScalarSet) throws(Unknown) -> ScalarSet {
    guard isCaseless else { return set }
    guard !set.isNegated else { throw Unknown() }
    var elements = set.elements
    for element in set.elements {
      guard case .range(let range) = element, range.count == 1, range.lowerBound < 0x80 else {
        throw Unknown()
      }
      let value = range.lowerBound
      guard let scalar = Unicode.Scalar(value), scalar.properties.isAlphabetic else { continue }
      elements.append(.range(value ^ 0x20...value ^ 0x20))
      if value | 0x20 == 0x73 { elements.append(.range(0x17F...0x17F)) }
      if value | 0x20 == 0x6B { elements.append(.range(0x212A...0x212A)) }
    }
    return ScalarSet(elements)
  }
}
