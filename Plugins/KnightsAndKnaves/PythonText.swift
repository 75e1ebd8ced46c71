/// A text as Python's `re` and `str` see it: a sequence of Unicode scalars, not of characters.
///
/// A combining mark is a scalar of its own, so it never hides the tag or the name before it.
package struct PythonText: Sendable {
  /// The values of the Unicode scalars, in order.
  package let scalars: [UInt32]

  /// A part of another text.
  package init(_ scalars: some Sequence<UInt32>) { self.scalars = Array(scalars) }

  /// The scalars as they stand, without normalisation.
  package init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

  /// Where `needle` first occurs, by exact comparison.
  package func first(_ needle: PythonText) -> Int? {
    firstMatch(of: needle, from: 0, by: { $0 })
  }

  /// How often `needle` occurs without overlap, after `view` of this text's scalars.
  package func count(_ needle: PythonText, by view: (UInt32) -> UInt32 = { $0 }) -> Int {
    var count = 0
    var start = 0
    while let found = firstMatch(of: needle, from: start, by: view) {
      count += 1
      start = found + needle.scalars.count
    }
    return count
  }

  private func firstMatch(
    of needle: PythonText, from start: Int, by view: (UInt32) -> UInt32
  ) -> Int? {
    let pattern = needle.scalars
    guard let head = pattern.first, scalars.count >= pattern.count else { return nil }
    var index = start
    while index <= scalars.count - pattern.count {
      if view(scalars[index]) == head,
        pattern.indices.allSatisfy({ view(scalars[index + $0]) == pattern[$0] })
      {
        return index
      }
      index += 1
    }
    return nil
  }

  /// The end of `word` at `start`, letters compared as `re.IGNORECASE` does; `nil`: not there.
  package func end(ofFolded word: PythonText, at start: Int) -> Int? {
    let end = start + word.scalars.count
    guard end <= scalars.count else { return nil }
    for (index, letter) in word.scalars.enumerated()
    where Self.folded(scalars[start + index]) != Self.folded(letter) { return nil }
    return end
  }

  /// The end of one or more white-space scalars (`\s+`) at `start`; `nil`: there are none.
  package func end(ofSpacesAt start: Int) -> Int? {
    var end = start
    while end < scalars.count, Self.isSpace(scalars[end]) { end += 1 }
    return end > start ? end : nil
  }

  /// Whether there is a word scalar (`\w`) at `index`; outside the text there is none.
  package func isWord(at index: Int) -> Bool {
    scalars.indices.contains(index) && Self.isWord(scalars[index])
  }
}

extension PythonText {
  /// `str.isspace` of one scalar, which is also `\s`.
  package static func isSpace(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }

  /// `\w`: the underscore, letters (categories L*) and whatever has a numeric value.
  ///
  /// - Numerics: by the Unicode version of the Swift library, which may know scalars that an older
  ///   Python doesn't.
  package static func isWord(_ scalar: UInt32) -> Bool {
    if scalar < 0x80 { return isASCIILetter(scalar) || 0x30...0x39 ~= scalar || scalar == 0x5F }
    guard let properties = Unicode.Scalar(scalar)?.properties else { return false }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return true
    default: return properties.numericType != nil
    }
  }

  /// `[A-Za-z]` under `re.IGNORECASE`: besides the ASCII letters those that fold to one.
  package static func isLetter(_ scalar: UInt32) -> Bool { isASCIILetter(folded(scalar)) }

  /// What `re.IGNORECASE` compares, for scalars that can equal an ASCII letter; others stay.
  package static func folded(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0x41...0x5A: scalar + 0x20
    case 0x130, 0x131: 0x69  // I with a dot, dotless i
    case 0x17F: 0x73  // long s
    case 0x212A: 0x6B  // Kelvin sign
    default: scalar
    }
  }

  /// `str.lower` where it gives one ASCII letter; others stay. It is stricter than `folded`: the
  /// long s and the dotless i are lower case already, and I with a dot becomes two scalars.
  package static func lowered(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0x41...0x5A: scalar + 0x20
    case 0x212A: 0x6B
    default: scalar
    }
  }

  private static func isASCIILetter(_ scalar: UInt32) -> Bool {
    0x41...0x5A ~= scalar || 0x61...0x7A ~= scalar
  }
}
