/// Holds a text as Python's `re` and `str` see it: a sequence of Unicode scalars, not of
/// characters.
///
/// A combining mark is a scalar of its own, so it never hides the tag or the name before it.
package struct PythonText: Sendable {
  /// The values of the Unicode scalars, in order.
  package let scalars: [UInt32]

  /// Makes a text from a part of another.
  package init(_ scalars: some Sequence<UInt32>) { self.scalars = Array(scalars) }

  /// Takes the scalars as they stand, without normalisation.
  package init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

  /// Returns the first place of `needle`, by exact comparison; `nil` if there is none.
  package func first(_ needle: PythonText) -> Int? {
    firstMatch(of: needle, from: 0, by: { $0 })
  }

  /// Counts the places of `needle` without overlap, after applying `view` to this text's scalars.
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

  /// Returns the end of `word` at `start`, letters compared as `re.IGNORECASE` does; `nil` if it
  /// isn't there.
  package func end(ofFolded word: PythonText, at start: Int) -> Int? {
    let end = start + word.scalars.count
    guard end <= scalars.count else { return nil }
    for (index, letter) in word.scalars.enumerated()
    where Self.folded(scalars[start + index]) != Self.folded(letter) { return nil }
    return end
  }

  /// Returns the end of one or more white-space scalars (`\s+`) at `start`; `nil` if there are
  /// none.
  package func end(ofSpacesAt start: Int) -> Int? {
    var end = start
    while end < scalars.count, Self.isSpace(scalars[end]) { end += 1 }
    return end > start ? end : nil
  }

  /// Tells whether there is a word scalar (`\w`) at `index`; outside the text there is none.
  package func isWord(at index: Int) -> Bool {
    scalars.indices.contains(index) && Self.isWord(scalars[index])
  }
}

extension PythonText {
  /// Tells whether a scalar is white space by `str.isspace`, which agrees with `\s`.
  package static func isSpace(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F,
      0x205F, 0x3000:
      true
    default: false
    }
  }

  /// Tells whether a scalar matches `\w`: the underscore, letters (categories L*) and scalars with
  /// a numeric value.
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

  /// Tells whether a scalar matches `[A-Za-z]` under `re.IGNORECASE`: an ASCII letter, or one that
  /// folds to one.
  package static func isLetter(_ scalar: UInt32) -> Bool { isASCIILetter(folded(scalar)) }

  /// Returns the scalar that `re.IGNORECASE` compares, where that can equal an ASCII letter; others
  /// stay.
  package static func folded(_ scalar: UInt32) -> UInt32 {
    switch scalar {
    case 0x41...0x5A: scalar + 0x20
    case 0x130, 0x131: 0x69  // I with a dot, dotless i
    case 0x17F: 0x73  // long s
    case 0x212A: 0x6B  // Kelvin sign
    default: scalar
    }
  }

  /// Returns the scalar of `str.lower` where that is one ASCII letter; others stay. It is stricter
  /// than `folded`: the long s and the dotless i are lower case already, and I with a dot becomes
  /// two scalars.
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
