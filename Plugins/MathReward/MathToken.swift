/// Holds a piece of an answer's LaTeX, without marks that don't change its meaning.
enum MathToken: Sendable, Hashable {
  case character(Unicode.Scalar)
  /// A command without its backslash: `pi`, `frac`; `{` for a set's brace, `\` for the end of a row,
  /// `begin pmatrix` for an environment's, `degree` for every sign of degrees.
  case command(String)
  case open
  case close
  /// The brace after `\text` and its kin, and the one that closes it.
  case textOpen
  case textClose
  /// White space between two digits: `2 1/3`.
  case space
  /// White space between two letters of a text: `\text{a part}`. Between letters of a formula it says
  /// nothing.
  case gap
  /// A comma beside white space, so not a thousands separator: `1, 000`.
  case separator
  /// A comma that is surely a thousands separator: `1{,}000`, `1,\!000`.
  case thousands
  /// A thin space between two digits: `1\,000`.
  case thin

  static let comma = MathToken.character(",")
  static let semicolon = MathToken.character(";")
  /// The mark that a row goes on: `\ldots`, `…`, three points.
  static let dots = MathToken.command("dots")

  /// The value of a digit 0 to 9.
  var digit: UInt8? {
    guard case .character(let scalar) = self, "0"..."9" ~= scalar else { return nil }
    return UInt8(scalar.value - 0x30)
  }

  var isComma: Bool { self == .comma || self == .separator }

  var letter: Unicode.Scalar? {
    guard case .character(let scalar) = self, scalar.properties.isAlphabetic else { return nil }
    return scalar
  }

  /// The step in nesting: 1 for a bracket that opens, -1 for one that closes, 0 for others. Braces
  /// of groups count too.
  var nesting: Int {
    switch self {
    case .command(let name) where name.hasPrefix("begin "): 1
    case .command(let name) where name.hasPrefix("end "): -1
    case .open, .textOpen, .character("("), .character("["), .command("{"): 1
    case .close, .textClose, .character(")"), .character("]"), .command("}"): -1
    default: 0
    }
  }
}
