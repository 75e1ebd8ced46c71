/// Reads what may stand after a number without changing it: units, currencies, degrees, a few words
/// for what is counted; and what does change it: per cent, hundred, million, dozen.
///
/// Only what is listed is a unit. `5\text{ million}`, `5\text{ not}`, `5\text{ or more}` are not 5.
struct Unit: Sendable, Equatable {
  /// The unit in one spelling for all of its names; empty if there is none.
  var name = ""
  /// The number that words such as *million* multiply by.
  var factor = 1
  var isPercentage = false
  /// Whether the percentage may be meant by a number without the sign.
  var mayLackPercentSign = false

  /// Tells whether two numbers with these units may be the same: one may lack its unit. A percentage
  /// beside a number with a unit may not.
  func agrees(with other: Unit) -> Bool {
    if isPercentage != other.isPercentage { return name.isEmpty && other.name.isEmpty }
    return name.isEmpty || other.name.isEmpty || name == other.name
  }

  /// Whether the number is an angle in degrees, or of them.
  var isOfDegrees: Bool { name.contains("degree^") }

  /// Takes a unit from around a number.
  ///
  /// - Returns: the tokens of the number, and its unit, which may be none.
  static func split(_ tokens: ArraySlice<MathToken>) -> (number: ArraySlice<MathToken>, unit: Unit)
  {
    if let first = tokens.first, let name = UnitNames.currency(first) {
      return (tokens.dropFirst(), Unit(name: "\(name)^1"))
    }
    var depth = 0
    for place in tokens.indices.dropFirst() {
      let token = tokens[place]
      let isBare = depth == 0 && token.letter != nil && tokens[place - 1].letter == nil
      if depth == 0,
        token == .textOpen || token == .command("degree") || token == .character("%")
          || UnitNames.currency(token) != nil || isBare
      {
        if let unit = UnitReader.unit(in: tokens[place...]) { return (tokens[..<place], unit) }
        // A wrong text can't be the end of a number, and each try is linear.
        if !isBare { break }
      }
      depth += token.nesting
    }
    return (tokens, Unit())
  }
}

/// Reads tokens as one unit: words with powers, joined by points and strokes.
private struct UnitReader {
  private var unit = Unit()
  /// Each name with its power; those after a stroke are negative.
  private var powers: [String: Int] = [:]
  private var sign = 1
  /// The power of *square* or *cubic* that waits for its unit.
  private var pending = 1

  /// The most tokens of a unit.
  private static let limit = 60

  static func unit(in tokens: ArraySlice<MathToken>) -> Unit? {
    guard tokens.count <= limit else { return nil }
    var reader = UnitReader()
    guard reader.read(tokens) else { return nil }
    reader.unit.name = reader.powers.filter { $0.value != 0 }.sorted { $0.key < $1.key }
      .map { "\($0.key)^\($0.value)" }.joined(separator: " ")
    return reader.unit
  }

  private mutating func read(_ tokens: ArraySlice<MathToken>) -> Bool {
    var place = tokens.startIndex
    // The names of the word before, which a power behind it belongs to.
    var last: [String] = []
    var isText = false
    while place < tokens.endIndex {
      let token = tokens[place]
      if token == .textOpen || token == .textClose {
        isText = token == .textOpen
      } else if token == .command("cdot") || token == .character(".") {
        // Points between units, or of an abbreviation.
      } else if token == .character("/") {
        sign = -1
      } else if token == .character("%") {
        guard addPercent() else { return false }
      } else if token == .command("degree") {
        // 25 °C is no angle.
        let scale = tokens[(place + 1)...].drop { $0 == .textOpen }
        let names: [MathToken: String] = [
          .character("C"): "celsius", .character("F"): "fahrenheit",
        ]
        let name = scale.first.flatMap { names[$0] }
        add(name ?? "degree")
        if name != nil { place = scale.startIndex }
      } else if token == .character("^") {
        guard let (power, end) = Self.power(tokens[(place + 1)...]), let name = last.last else {
          return false
        }
        powers[name, default: 0] += sign * (power - 1)
        place = end - 1
      } else if token.letter != nil {
        let start = place
        while place < tokens.endIndex, tokens[place].letter != nil { place += 1 }
        guard let names = words(tokens[start..<place], isText: isText) else { return false }
        last = names
        place -= 1
      } else if let name = UnitNames.currency(token) {
        add(name)
      } else {
        return false
      }
      place += 1
    }
    return pending == 1
  }

  /// - Returns: whether it is the only sign of percent.
  private mutating func addPercent() -> Bool {
    defer { unit.isPercentage = true }
    return !unit.isPercentage
  }

  private mutating func add(_ name: String) {
    powers[name, default: 0] += sign * pending
    pending = 1
  }

  /// Reads a run of letters, in which the spaces between words are lost: `squarefeetperday`.
  ///
  /// - Returns: the names that it holds, in order.
  private mutating func words(_ tokens: ArraySlice<MathToken>, isText: Bool) -> [String]? {
    var text = String(String.UnicodeScalarView(tokens.compactMap(\.letter)))
    if !isText, !UnitNames.bare.contains(text) { return nil }
    var names: [String] = []
    if UnitNames.percent.contains(text) {
      return addPercent() ? names : nil
    }
    if UnitNames.ordinals.contains(text) {
      add("ordinal")
      return names
    }
    while !text.isEmpty {
      guard let word = UnitNames.longestPrefix(of: text) else { return nil }
      text.removeFirst(word.length)
      switch word.meaning {
      case .factor(let factor):
        guard powers.isEmpty, sign > 0, unit.factor < 1_000_000_000 else { return nil }
        unit.factor *= factor
      case .per: sign = -1
      case .square(let power): pending = power
      case .unit(let name):
        add(name)
        names.append(name)
      }
    }
    return names
  }

  /// Reads a power: a digit, or a whole number in a group.
  private static func power(_ tokens: ArraySlice<MathToken>) -> (power: Int, end: Int)? {
    guard let first = tokens.first else { return nil }
    if let digit = first.digit { return (Int(digit), tokens.startIndex + 1) }
    let inner = tokens.dropFirst()
    guard first == .open, inner.first == .character("-"),
      let digit = inner.dropFirst().first?.digit,
      inner.dropFirst(2).first == .close
    else { return nil }
    return (-Int(digit), tokens.startIndex + 4)
  }
}
