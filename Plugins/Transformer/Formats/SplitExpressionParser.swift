/// Parses and compiles the patterns of `SplitExpression`.
struct SplitExpressionParser {
  /// A part of a pattern.
  private indirect enum Node {
    case run(ScalarSet, minimum: Int, maximum: Int, isPossessive: Bool)
    case ahead(ScalarSet, isNegated: Bool)
    case lineEnd
    case sequence([Node])
    case choice([Node])
    case optional(Node)

    /// The least number of scalars that it matches.
    var minimumLength: Int {
      switch self {
      case .run(_, let minimum, _, _): minimum
      case .ahead, .lineEnd, .optional: 0
      case .sequence(let parts): parts.reduce(0) { $0 + $1.minimumLength }
      case .choice(let parts): parts.map(\.minimumLength).min() ?? 0
      }
    }
  }

  /// Thrown for syntax that isn't known.
  private struct Unknown: Error {}

  // Published patterns have some 700 scalars at most; the limits bound what a hostile file costs.
  private static let longest = 4096
  private static let deepest = 16
  private static let mostSets = 64
  private static let mostRepeats = 1024

  private let scalars: [Unicode.Scalar]
  private var place = 0
  private var isCaseless = false
  private var program: [SplitExpression.Instruction] = []
  private var sets: [ScalarSet] = []

  init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

  /// Returns the program and the sets that it names; `nil` for unknown syntax, or for a pattern
  /// that may match nothing.
  mutating func compile() -> (program: [SplitExpression.Instruction], sets: [ScalarSet])? {
    guard scalars.count <= Self.longest, let node = try? choice(depth: 0), place == scalars.count,
      node.minimumLength > 0
    else { return nil }
    emit(node)
    program.append(.match)
    return sets.count <= Self.mostSets ? (program, sets) : nil
  }

  // MARK: Syntax

  private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  private mutating func choice(depth: Int) throws(Unknown) -> Node {
    guard depth <= Self.deepest else { throw Unknown() }
    var ways: [Node] = []
    repeat {
      var parts: [Node] = []
      while let scalar = next, scalar != "|", scalar != ")" {
        let part = try part(depth: depth)
        if isCaseless, let last = parts.last, Self.mayFold(last, part) { throw Unknown() }
        parts.append(part)
      }
      ways.append(.sequence(parts))
    } while take("|")
    return ways.count == 1 ? ways[0] : .choice(ways)
  }

  /// Tells whether two letters may stand for one without regard to case, as "ss" does for "ß".
  private static func mayFold(_ first: Node, _ second: Node) -> Bool {
    guard case .run(let first, _, _, _) = first, case .run(let second, _, _, _) = second else {
      return false
    }
    return ["ss", "st", "ff", "fi", "fl"].contains { pair in
      zip([first, second], pair.unicodeScalars).allSatisfy { $0.contains($1.value) }
    }
  }

  private mutating func part(depth: Int) throws(Unknown) -> Node {
    if take("(?!") { return try ahead(isNegated: true) }
    if take("(?=") { return try ahead(isNegated: false) }
    if take("$") { return .lineEnd }
    let before = isCaseless
    if take("(?i:") {
      isCaseless = true
    } else if !take("(?:") {
      guard next != "(" || place + 1 < scalars.count && scalars[place + 1] != "?" else {
        throw Unknown()
      }
      if !take("(") { return try repeated(set()) }
    }
    let group = try choice(depth: depth + 1)
    guard take(")") else { throw Unknown() }
    isCaseless = before
    if take("?") {
      // A lazy or possessive option, or a second repetition.
      guard !isRepetition(next) else { throw Unknown() }
      return .optional(group)
    }
    guard !isRepetition(next) else { throw Unknown() }
    return group
  }

  private mutating func ahead(isNegated: Bool) throws(Unknown) -> Node {
    let set = try set()
    guard take(")"), !isRepetition(next) else { throw Unknown() }
    return .ahead(set, isNegated: isNegated)
  }

  private func isRepetition(_ scalar: Unicode.Scalar?) -> Bool {
    scalar.map { "?*+{".unicodeScalars.contains($0) } ?? false
  }

  private mutating func repeated(_ set: ScalarSet) throws(Unknown) -> Node {
    var limits = (minimum: 1, maximum: 1)
    var isPossessive = false
    if take("?") {
      limits = (0, 1)
    } else if take("*") {
      limits = (0, .max)
    } else if take("+") {
      limits = (1, .max)
    } else if take("{") {
      limits = try counts()
      // Ruby's "{1,3}+" repeats the repetition.
      guard !isRepetition(next) else { throw Unknown() }
    } else {
      return .run(set, minimum: 1, maximum: 1, isPossessive: false)
    }
    isPossessive = take("+")
    guard !isRepetition(next) else { throw Unknown() }
    return .run(
      set, minimum: limits.minimum, maximum: limits.maximum, isPossessive: isPossessive)
  }

  private mutating func counts() throws(Unknown) -> (minimum: Int, maximum: Int) {
    let minimum = try number()
    var maximum = minimum
    if take(",") { maximum = next == "}" ? .max : try number() }
    guard take("}"), minimum <= maximum, maximum > 0 else { throw Unknown() }
    return (minimum, maximum)
  }

  private mutating func number() throws(Unknown) -> Int {
    var value = 0
    let start = place
    while let digit = next, ("0"..."9").contains(digit) {
      value = 10 * value + Int(digit.value - 0x30)
      guard value <= Self.mostRepeats else { throw Unknown() }
      place += 1
    }
    guard place > start else { throw Unknown() }
    return value
  }

  // MARK: Sets

  private mutating func set() throws(Unknown) -> ScalarSet {
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

  // MARK: Program

  private mutating func index(of set: ScalarSet) -> Int {
    if let index = sets.firstIndex(of: set) { return index }
    sets.append(set)
    return sets.count - 1
  }

  private mutating func emit(_ node: Node) {
    switch node {
    case .run(let set, let minimum, let maximum, let isPossessive):
      program.append(
        .run(
          set: index(of: set), minimum: minimum, maximum: maximum, isPossessive: isPossessive))
    case .ahead(let set, let isNegated):
      program.append(.ahead(set: index(of: set), isNegated: isNegated))
    case .lineEnd: program.append(.lineEnd)
    case .sequence(let parts): for part in parts { emit(part) }
    case .optional(let part):
      let split = program.count
      program.append(.split(otherwise: 0))
      emit(part)
      program[split] = .split(otherwise: program.count)
    case .choice(let ways):
      var jumps: [Int] = []
      for (index, way) in ways.enumerated() {
        let split = program.count
        if index < ways.count - 1 { program.append(.split(otherwise: 0)) }
        emit(way)
        guard index < ways.count - 1 else { break }
        jumps.append(program.count)
        program.append(.jump(0))
        program[split] = .split(otherwise: program.count)
      }
      for jump in jumps { program[jump] = .jump(program.count) }
    }
  }
}
