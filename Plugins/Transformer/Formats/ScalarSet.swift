/// A set of scalars, as a class of a regular expression describes it: `[^\s\p{L}]`.
///
/// - Source: Oniguruma's classes (Ruby's syntax, UTF-8), which the `tokenizers` library matches with.
struct ScalarSet: Sendable, Equatable {
  enum Element: Sendable, Equatable {
    case range(ClosedRange<UInt32>)
    /// The scalars of some general categories.
    case categories(GeneralCategories)
    /// White space, `\s`: Unicode's White_Space; or all else, `\S`.
    case space(isNegated: Bool)

    func contains(_ value: UInt32) -> Bool {
      switch self {
      case .range(let range): range.contains(value)
      case .categories(let categories): categories.contains(GeneralCategories(of: value))
      case .space(let isNegated):
        (Unicode.Scalar(value)?.properties.isWhitespace ?? false) != isNegated
      }
    }
  }

  var elements: [Element]
  var isNegated = false

  init(_ elements: [Element], isNegated: Bool = false) {
    self.elements = elements
    self.isNegated = isNegated
  }

  func contains(_ value: UInt32) -> Bool {
    elements.contains { $0.contains(value) } != isNegated
  }

  /// The number of words that `bits` has.
  static let wordCount = 0x10000 / 64

  /// One bit for each scalar below U+10000, where nearly all look-ups go.
  func bits() -> [UInt64] {
    var words = [UInt64](repeating: 0, count: Self.wordCount)
    for value in UInt32(0)..<0x10000 where contains(value) {
      words[Int(value) / 64] |= 1 << UInt64(value % 64)
    }
    return words
  }
}

/// Some of Unicode's general categories.
struct GeneralCategories: OptionSet, Sendable {
  let rawValue: UInt32

  /// The categories by their two letters, in the order of their bits.
  private static let names = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  init(rawValue: UInt32) { self.rawValue = rawValue }

  static let all = GeneralCategories(rawValue: 1 << UInt32(names.count) - 1)

  /// Returns the categories of `\p{L}` or `\p{Lu}`; `nil` for any other name of a property.
  init?(named name: String) {
    var bits: UInt32 = 0
    for (bit, known) in Self.names.enumerated()
    where known == name || name.count == 1 && known.hasPrefix(name) {
      bits |= 1 << UInt32(bit)
    }
    guard bits != 0 else { return nil }
    rawValue = bits
  }

  /// Returns a scalar's one category; that of surrogates for their numbers, which no text has.
  init(of value: UInt32) {
    rawValue =
      value < 0x10000
      ? 1 << UInt32(Self.basicPlane[Int(value)]) : 1 << UInt32(Self.bit(of: value))
  }

  private static let basicPlane: [UInt8] = (0..<0x10000).map { bit(of: UInt32($0)) }

  /// The version of Unicode that the library's Oniguruma has; later scalars are unassigned to it.
  private static let knownVersion = 16

  private static func bit(of value: UInt32) -> UInt8 {
    let properties = Unicode.Scalar(value)?.properties
    if let age = properties?.age, age.major > knownVersion { return 29 }
    return switch properties?.generalCategory {
    case .uppercaseLetter: 0
    case .lowercaseLetter: 1
    case .titlecaseLetter: 2
    case .modifierLetter: 3
    case .otherLetter: 4
    case .nonspacingMark: 5
    case .spacingMark: 6
    case .enclosingMark: 7
    case .decimalNumber: 8
    case .letterNumber: 9
    case .otherNumber: 10
    case .connectorPunctuation: 11
    case .dashPunctuation: 12
    case .openPunctuation: 13
    case .closePunctuation: 14
    case .initialPunctuation: 15
    case .finalPunctuation: 16
    case .otherPunctuation: 17
    case .mathSymbol: 18
    case .currencySymbol: 19
    case .modifierSymbol: 20
    case .otherSymbol: 21
    case .spaceSeparator: 22
    case .lineSeparator: 23
    case .paragraphSeparator: 24
    case .control: 25
    case .format: 26
    case .surrogate, nil: 27
    case .privateUse: 28
    case .unassigned: 29
    @unknown default: 29
    }
  }
}
