/// Reads who is a knight and who a knave from text, by the rules of the published reward function.
///
/// A role is kept as the lower-cased scalars of the text. Letters that only fold to ASCII ones (I
/// with a dot) make a role that equals no other.
package struct RoleList: Sendable {
  /// Holds a role as the text has it, in lower case.
  package typealias Role = [UInt32]

  private static let knight = PythonText("knight")
  private static let knave = PythonText("knave")
  private static let isWord = PythonText("is")
  private static let article = PythonText("a")

  /// The names in the order of their first mention.
  package private(set) var names: [[UInt32]] = []
  /// The role of each name; names that differ by case are different.
  package private(set) var roles: [[UInt32]: Role] = [:]

  /// Reads the truth: from each line its first word that is all ASCII letters, and the first whole
  /// word `knight` or `knave` after it. Lines without both are skipped; of equal names the last
  /// counts.
  package init(truth text: String) {
    for line in PythonText(text).scalars.split(separator: 0x0A) {
      let line = PythonText(line)
      var name: [UInt32]?
      for word in Self.words(of: line) {
        if let name, Self.endOfRole(in: line, at: word.lowerBound) == word.upperBound {
          record(name, line.scalars[word])
          break
        }
        if name == nil, line.scalars[word].allSatisfy(PythonText.isLetter) {
          name = Array(line.scalars[word])
        }
      }
    }
  }

  /// Returns whether a name's role is the knight's.
  package func isKnight(_ name: [UInt32]) -> Bool { roles[name] == Self.knight.scalars }

  /// Reads an answer about the people of `truth`; `nil` if that can't be read: the words knight and
  /// knave must occur as often as there are people, and each person must have a `NAME is a ROLE`.
  ///
  /// An answer about nobody counts as unread, as in the original.
  package init?(answer: PythonText, about truth: RoleList) {
    let mentions = [Self.knight, Self.knave].map { answer.count($0, by: PythonText.lowered) }
    guard !truth.names.isEmpty, mentions.reduce(0, +) == truth.names.count else { return nil }
    for name in truth.names {
      guard let role = Self.role(of: PythonText(name), in: answer) else { return nil }
      record(name, answer.scalars[role])
    }
  }

  private mutating func record(_ name: [UInt32], _ role: some Sequence<UInt32>) {
    if roles[name] == nil { names.append(name) }
    roles[name] = role.flatMap { $0 == 0x130 ? [0x69, 0x307] : [PythonText.lowered($0)] }
  }

  /// Returns the first place that `\bNAME\b\s+is\s+a\s+\b(knight|knave)\b` matches, letter case
  /// aside.
  private static func role(of name: PythonText, in text: PythonText) -> Range<Int>? {
    for start in text.scalars.indices where !text.isWord(at: start - 1) {
      guard let nameEnd = text.end(ofFolded: name, at: start),
        let verb = text.end(ofSpacesAt: nameEnd),
        let verbEnd = text.end(ofFolded: isWord, at: verb),
        let articleStart = text.end(ofSpacesAt: verbEnd),
        let articleEnd = text.end(ofFolded: article, at: articleStart),
        let roleStart = text.end(ofSpacesAt: articleEnd),
        let roleEnd = endOfRole(in: text, at: roleStart)
      else { continue }
      return roleStart..<roleEnd
    }
    return nil
  }

  /// Returns the end of the whole word `knight` or `knave` that starts at `start`.
  private static func endOfRole(in text: PythonText, at start: Int) -> Int? {
    guard
      let end = text.end(ofFolded: knight, at: start) ?? text.end(ofFolded: knave, at: start),
      !text.isWord(at: end)
    else { return nil }
    return end
  }

  /// Returns the words: the longest runs of word scalars.
  private static func words(of text: PythonText) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var start: Int?
    for index in 0...text.scalars.count {
      switch (start, text.isWord(at: index)) {
      case (nil, true): start = index
      case (let first?, false):
        words.append(first..<index)
        start = nil
      default: break
      }
    }
    return words
  }
}
