import KnightsAndKnavesPlugin
import Testing

/// Reads a plain prompt back: the names and each person's claim.
///
/// It shares no code with the wording: it splits at the sentences' ends and tries the four forms.
func plainPuzzle(of prompt: String) throws -> (names: [String], statements: [Statement]) {
  let start = try #require(prompt.firstRange(of: "People: ")).upperBound
  let end = try #require(prompt.firstRange(of: " Who is who?")).lowerBound
  // The last sentence keeps its full stop until here.
  var sentences = prompt[start..<end].dropLast().split(separator: ". ").map(String.init)
  let names = sentences.removeFirst().split(separator: ", ").map(String.init)
  func leaf(_ text: some StringProtocol) throws -> Statement {
    let words = text.split(separator: " ")
    let person = try #require(names.firstIndex(of: String(words[0])))
    let role: Statement = words.last == "knight" ? .knight(person) : .knave(person)
    return words.contains("not") ? .not(role) : role
  }
  func claim(_ text: String) throws -> Statement {
    for (separator, make) in [
      (" if and only if ", { Statement.iff($0, $1) }), (" then ", { .implies($0, $1) }),
      (" and ", { .and([$0, $1]) }), (" or ", { .or([$0, $1]) }),
    ] as [(String, (Statement, Statement) -> Statement)] {
      let sides = text.split(separator: separator)
      if sides.count == 2 {
        return make(
          try leaf(sides[0].hasPrefix("if ") ? sides[0].dropFirst(3) : sides[0]),
          try leaf(sides[1]))
      }
    }
    return try leaf(text)
  }
  let statements = try zip(names, sentences).map { name, sentence in
    for opening in ["\(name) says ", "\(name): ", "\(name) claims "]
    where sentence.hasPrefix(opening) {
      return try claim(String(sentence.dropFirst(opening.count)))
    }
    let ending = ", says \(name)"
    try #require(sentence.hasSuffix(ending))
    return try claim(String(sentence.dropLast(ending.count)))
  }
  return (names, statements)
}

func statements(of prompt: String) throws -> [Statement] {
  try plainPuzzle(of: prompt).statements
}
