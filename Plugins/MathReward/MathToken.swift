/// Holds a piece of an answer's LaTeX, without marks that don't change its meaning.
enum MathToken: Sendable, Hashable {
  case character(Unicode.Scalar)
  /// A command without its backslash: `pi`, `frac`; `{` for a set's brace.
  case command(String)
  case open
  case close
  /// The brace after `\text` and its kin, and the one that closes it.
  case textOpen
  case textClose
  /// White space between two digits: `2 1/3`.
  case space
  /// A comma before white space, so not a thousands separator: `1, 000`.
  case separator
  /// A comma that is surely a thousands separator: `1{,}000`, `1,\!000`.
  case thousands
  /// A thin space between two digits: `1\,000`.
  case thin

  static let comma = MathToken.character(",")

  /// The value of a digit 0 to 9.
  var digit: UInt8? {
    guard case .character(let scalar) = self, "0"..."9" ~= scalar else { return nil }
    return UInt8(scalar.value - 0x30)
  }

  var isComma: Bool { self == .comma || self == .separator }

  /// The step in nesting: 1 for a bracket that opens, -1 for one that closes, 0 for others. Braces
  /// of groups count too.
  var nesting: Int {
    switch self {
    case .open, .textOpen, .character("("), .character("["), .command("{"): 1
    case .close, .textClose, .character(")"), .character("]"), .command("}"): -1
    default: 0
    }
  }
}

/// Lists commands and characters that mean the same, and those that mean nothing.
enum MathNotation {
  /// Commands for sizes, styles, the ends of formulas, degrees; and a backslash that ends the text.
  static let silent: Set<String> = [
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr",
    "Biggl", "Biggr", "middle", "displaystyle", "textstyle", "limits", "/", "(", ")", "[",
    "]", "$", "degree", "",
  ]

  static let spaces: Set<String> = [" ", ";", ":", ">", "quad", "qquad", "enspace", "\n", "\t"]

  /// Commands whose braces hold words or another typeface.
  static let text: Set<String> = [
    "text", "textbf", "textit", "textrm", "textup", "textnormal", "mbox", "hbox", "mathrm",
    "mathbf", "mathit", "mathsf", "mathtt",
  ]

  /// Units that may follow a number without `\text`, as PRM800K's grader has them, which verl and
  /// DeepScaleR took over. Others, such as a bare `m`, could be names.
  static let units: Set<String> = Set(
    [
      "degree", "cm", "centimeter", "meter", "mile", "second", "minute", "hour", "day", "week",
      "month", "year", "foot", "feet", "inch", "yard", "liter",
    ].flatMap { [$0, $0 + "s", $0 + "es"] })

  /// The number of letters of the longest unit.
  static let unitLength = units.map(\.count).max() ?? 0

  static let sameCommand: [String: MathToken] = [
    "dfrac": .command("frac"), "tfrac": .command("frac"), "cfrac": .command("frac"),
    "leq": .command("le"), "geq": .command("ge"), "neq": .command("ne"), "lt": .character("<"),
    "gt": .character(">"), "lbrace": .command("{"), "rbrace": .command("}"),
    "lbrack": .character("["), "rbrack": .character("]"), "varnothing": .command("emptyset"),
    "%": .character("%"),
  ]

  static let sameCharacter: [Unicode.Scalar: MathToken] = [
    "\u{2212}": .character("-"), "×": .command("times"), "·": .command("cdot"),
    "π": .command("pi"), "∞": .command("infty"), "√": .command("sqrt"), "≤": .command("le"),
    "≥": .command("ge"), "≠": .command("ne"), "∪": .command("cup"), "∩": .command("cap"),
  ]
}
