/// Reads the words of a text, in order.
///
/// A word is a run of letters and digits of any script, with the marks that belong to them (accents)
/// and with apostrophes between them: `don't`, `Ann’s`. An apostrophe at an end is a quotation mark.
/// Case is of no matter, `’` is `'`, and an accented letter is one character however it is written.
/// Scripts that don't put spaces between words (Chinese, Japanese, Thai) have one word a run.
struct WordStream: Sequence, IteratorProtocol {
  struct Word: Sendable, Equatable {
    /// The word in lower case.
    let text: String
    /// Whether only white space and hyphens lie between the word and the one before, so that a phrase may
    /// go over both: `step-by-step` is `step by step`, and `if. Then` is not `if then`.
    let continues: Bool
  }

  private let scalars: [Unicode.Scalar]
  private var place = 0
  private var isFirst = true

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func next() -> Word? {
    var continues = !isFirst
    while place < scalars.count, !Self.begins(scalars[place]) {
      if !Self.joins(scalars[place]) { continues = false }
      place += 1
    }
    guard place < scalars.count else { return nil }
    isFirst = false
    var text = String.UnicodeScalarView()
    while place < scalars.count {
      let scalar = scalars[place]
      if Self.goesOn(scalar) {
        text.append(scalar)
      } else if Self.isApostrophe(scalar), place + 1 < scalars.count,
        Self.begins(scalars[place + 1])
      {
        text.append("'")
      } else {
        break
      }
      place += 1
    }
    return Word(text: String(text).lowercased(), continues: continues)
  }

  /// Returns whether words of one phrase may have a character between them.
  static func joins(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "-", "\u{2010}", "\u{2011}": true
    default: scalar.properties.isWhitespace
    }
  }

  private static func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "'" || scalar == "\u{2019}"
  }

  private static func begins(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": return true
    default:
      guard !scalar.isASCII else { return false }
      let properties = scalar.properties
      return properties.isAlphabetic || properties.generalCategory == .decimalNumber
    }
  }

  private static func goesOn(_ scalar: Unicode.Scalar) -> Bool {
    guard !begins(scalar) else { return true }
    guard !scalar.isASCII else { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return false
    }
  }
}
