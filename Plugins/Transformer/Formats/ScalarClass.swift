/// What the pre-tokenizer's pattern tells apart.
enum ScalarClass: UInt8, Sendable {
  /// `\p{L}`.
  case letter
  /// `\p{N}`.
  case number
  /// `\s`: Unicode's White_Space.
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

  /// The classes of ASCII, where nearly all look-ups go.
  static let ascii: [ScalarClass] = (0..<128).map { ScalarClass(Unicode.Scalar($0)) }
}

/// One scalar of a text in UTF-8.
struct ScannedScalar {
  let value: UInt32
  let kind: ScalarClass
  /// Where the next one begins.
  let end: Int

  var isLineEnd: Bool { value == 0x0A || value == 0x0D }

  /// - Parameter text: valid UTF-8, as every Swift string is.
  @inline(__always)
  init(_ text: Span<UInt8>, at start: Int, ascii: [ScalarClass]) {
    let lead = text[start]
    if lead < 0x80 {
      value = UInt32(lead)
      kind = ascii[Int(lead)]
      end = start + 1
      return
    }
    let width = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var value = UInt32(lead) & (0x7F >> UInt32(width))
    for i in 1..<width { value = value << 6 | UInt32(text[start + i] & 0x3F) }
    self.value = value
    // Only a text that isn't UTF-8 would give no scalar.
    kind = Unicode.Scalar(value).map { ScalarClass($0) } ?? .other
    end = start + width
  }
}
