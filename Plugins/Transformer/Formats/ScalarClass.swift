/// Lists the classes of scalars that the pre-tokenizer's patterns tell apart.
enum ScalarClass: UInt8, Sendable {
  /// A letter, `\p{L}`.
  case letter
  /// A number, `\p{N}`.
  case number
  /// White space, `\s`: Unicode's White_Space.
  case space
  case other

  init(_ scalar: Unicode.Scalar) {
    let properties = scalar.properties
    if properties.isWhitespace {
      self = .space
      return
    }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = .letter
    case .decimalNumber, .letterNumber, .otherNumber: self = .number
    default: self = .other
    }
  }

  /// The classes below U+10000, where nearly all look-ups go. Unicode's own tables took most of the
  /// time of cutting Chinese text.
  static let basicPlane: [ScalarClass] = (0..<0x10000).map { (value: UInt32) in
    Unicode.Scalar(value).map { ScalarClass($0) } ?? .other
  }
}

/// Holds one scalar of a text in UTF-8.
struct ScannedScalar {
  let value: UInt32
  let kind: ScalarClass
  /// The start of the next scalar.
  let end: Int

  var isLineEnd: Bool { value == 0x0A || value == 0x0D }

  /// - Parameters:
  ///   - text: valid UTF-8, as every Swift string is.
  ///   - classes: `ScalarClass.basicPlane`, looked up once by the caller.
  @inline(__always)
  init(_ text: Span<UInt8>, at start: Int, classes: [ScalarClass]) {
    (value, end) = Self.value(text, at: start)
    // Only a text that isn't UTF-8 would give no scalar.
    kind =
      value < 0x10000
      ? classes[Int(value)] : Unicode.Scalar(value).map { ScalarClass($0) } ?? .other
  }

  /// Returns a scalar's number, and the start of the next one.
  @inline(__always)
  static func value(_ text: Span<UInt8>, at start: Int) -> (value: UInt32, end: Int) {
    let lead = text[start]
    if lead < 0x80 { return (UInt32(lead), start + 1) }
    let width = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var value = UInt32(lead) & (0x7F >> UInt32(width))
    for i in 1..<width { value = value << 6 | UInt32(text[start + i] & 0x3F) }
    return (value, start + width)
  }
}

/// Tells what is beside a place in a text.
extension ScannedScalar {
  /// Reads the scalar that ends at a place after the text's start.
  private init(_ text: Span<UInt8>, before end: Int) {
    var start = end - 1
    while start > 0 && text[start] & 0xC0 == 0x80 { start -= 1 }
    self.init(text, at: start, classes: ScalarClass.basicPlane)
  }

  /// Whether the scalar is a word's, `\w` of regular expressions: Unicode's Technical Standard 18,
  /// annex C.
  private var isWord: Bool {
    guard let properties = Unicode.Scalar(value)?.properties else { return false }
    if properties.isAlphabetic || properties.isJoinControl { return true }
    return switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
    default: false
    }
  }

  /// Tells whether a letter, mark, digit or underscore ends at a place.
  static func isWordEnd(_ text: Span<UInt8>, before end: Int) -> Bool {
    end > 0 && ScannedScalar(text, before: end).isWord
  }

  /// Tells whether a letter, mark, digit or underscore begins at a place.
  static func isWordStart(_ text: Span<UInt8>, at start: Int) -> Bool {
    start < text.count
      && ScannedScalar(text, at: start, classes: ScalarClass.basicPlane).isWord
  }

  /// Returns the start of the white space that ends at a place.
  static func spaceStart(_ text: Span<UInt8>, before end: Int) -> Int {
    var start = end
    while start > 0 {
      let scalar = ScannedScalar(text, before: start)
      if scalar.kind != .space { break }
      start -= scalar.value < 0x80 ? 1 : scalar.value < 0x800 ? 2 : 3
    }
    return start
  }

  /// Returns the end of the white space that begins at a place.
  static func spaceEnd(_ text: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < text.count {
      let scalar = ScannedScalar(text, at: end, classes: ScalarClass.basicPlane)
      if scalar.kind != .space { break }
      end = scalar.end
    }
    return end
  }
}
