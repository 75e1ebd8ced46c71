import FulcrumKernel

/// Reads the published field `statements`: a Python tuple literal with a statement for each person,
/// such as `(('not', ('lying', 1)), ('->', ('lying', 0), ('telling-truth', 1)))`.
package struct StatementsParser {
  private let text: [UInt8]
  private var position = 0

  /// The deepest nesting that is read, so that no text can exhaust the stack.
  private static let depthLimit = 64

  private init(_ text: String) { self.text = Array(text.utf8) }

  /// - Returns: one statement for each person, of any depth and width.
  /// - Throws: `.data` for text outside the grammar, or a person without a statement.
  package static func parse(_ text: String) throws(FulcrumError) -> [Statement] {
    var parser = StatementsParser(text)
    let statements = try parser.tuple { parser throws(FulcrumError) in
      try parser.statement(depth: 1)
    }
    parser.skipSpaces()
    guard parser.position == parser.text.count else { throw parser.failure("the end") }
    for statement in statements where statement.highestPerson >= statements.count {
      throw FulcrumError(
        .data,
        "expected persons below \(statements.count) in 'statements', "
          + "got \(statement.highestPerson)")
    }
    return statements
  }

  /// Reads elements in parentheses with commas between them. A comma may follow the last one.
  private mutating func tuple(
    _ element: (inout StatementsParser) throws(FulcrumError) -> Statement
  ) throws(FulcrumError) -> [Statement] {
    try expect("(")
    var elements = [try element(&self)]
    while take(",") {
      if take(")") { return elements }
      elements.append(try element(&self))
    }
    try expect(")")
    return elements
  }

  private mutating func statement(depth: Int) throws(FulcrumError) -> Statement {
    guard depth <= Self.depthLimit else {
      throw failure("at most \(Self.depthLimit) nested statements")
    }
    try expect("(")
    skipSpaces()
    let start = position
    let head = try quoted()
    if head == "telling-truth" || head == "lying" {
      try expect(",")
      let person = try number()
      _ = take(",")
      try expect(")")
      return head == "lying" ? .knave(person) : .knight(person)
    }
    var parts: [Statement] = []
    while take(",") {
      if peek() == UInt8(ascii: ")") { break }
      parts.append(try statement(depth: depth + 1))
    }
    try expect(")")
    switch (head, parts.count) {
    case ("not", 1): return .not(parts[0])
    case ("and", 2...): return .and(parts)
    case ("or", 2...): return .or(parts)
    case ("->", 2): return .implies(parts[0], parts[1])
    case ("<=>", 2): return .iff(parts[0], parts[1])
    default:
      position = start
      throw failure("a statement of the published grammar")
    }
  }

  private mutating func quoted() throws(FulcrumError) -> String {
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw failure("a quoted word")
    }
    let start = position + 1
    guard let end = text[start...].firstIndex(of: quote) else { throw failure("a quoted word") }
    position = end + 1
    return String(decoding: text[start..<end], as: UTF8.self)
  }

  private mutating func number() throws(FulcrumError) -> Int {
    skipSpaces()
    let digits = text[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let number = Int(String(decoding: digits, as: UTF8.self)), number < 64 else {
      throw failure("the number of a person, below 64")
    }
    position = digits.endIndex
    return number
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FulcrumError) {
    guard take(character) else { throw failure("'\(character)'") }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func peek() -> UInt8? {
    skipSpaces()
    return position < text.count ? text[position] : nil
  }

  private mutating func skipSpaces() {
    while position < text.count, text[position] == UInt8(ascii: " ") { position += 1 }
  }

  private func failure(_ expected: String) -> FulcrumError {
    let rest = text[position...]
    let got = rest.isEmpty ? "the end" : "'\(String(decoding: rest.prefix(20), as: UTF8.self))'"
    return FulcrumError(
      .data, "expected \(expected) at byte \(position) of 'statements', got \(got)")
  }
}
