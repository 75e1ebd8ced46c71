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
  struct Unknown: Error {}

  // Published patterns have some 700 scalars at most; the limits bound what a hostile file costs.
  private static let longest = 4096
  private static let deepest = 16
  private static let mostSets = 64
  private static let mostRepeats = 1024

  let scalars: [Unicode.Scalar]
  var place = 0
  var isCaseless = false
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

  var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  mutating func take(_ text: String) -> Bool {
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
