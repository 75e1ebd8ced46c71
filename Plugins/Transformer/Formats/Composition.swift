/// A normal form of Unicode, under its name in `tokenizer.json`.
package enum NormalizationForm: String, Sendable, CaseIterable {
  case composed = "NFC"
  case decomposed = "NFD"
  case compatiblyComposed = "NFKC"
  case compatiblyDecomposed = "NFKD"

  /// Whether marks are joined with what they stand on.
  var isComposing: Bool { self == .composed || self == .compatiblyComposed }

  /// Whether variants of a character, such as ligatures, become that character.
  var isCompatible: Bool { self == .compatiblyComposed || self == .compatiblyDecomposed }
}

/// Brings texts into a normal form of Unicode.
///
/// Foundation's differs from the library's: it joins Hangul vowels that no syllable has (U+1103
/// U+1176 became U+B530), and it leaves some final consonants and Tibetan vowels as they are.
///
/// - Source: Unicode Standard Annex 15; which scalars it knows, see `CompositionTables`.
package enum Composition {
  /// Returns a text's normal form.
  package static func normalized(_ text: String, _ form: NormalizationForm) -> String {
    normalized(text.utf8Span.span, form).map { String(decoding: $0, as: UTF8.self) } ?? text
  }

  /// Returns the normal form of valid UTF-8; nil if the text has it already.
  static func normalized(_ text: Span<UInt8>, _ form: NormalizationForm) -> [UInt8]? {
    let tables = CompositionTables.shared(form)
    guard !isStable(text, tables, from: form == .composed ? 0xCC : 0x80) else { return nil }
    var scalars = decomposed(text, tables)
    order(&scalars)
    if form.isComposing { compose(&scalars, tables) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    for scalar in scalars {
      if let scalar = Unicode.Scalar(scalar.value) { bytes += UTF8.encode(scalar) ?? .init() }
    }
    return bytes
  }

  private struct Scalar {
    let value: UInt32
    let combiningClass: UInt8
  }

  /// - Parameter lead: scalars whose first byte is less are stable; to be composed, all below U+0300.
  private static func isStable(
    _ text: Span<UInt8>, _ tables: CompositionTables, from lead: UInt8
  ) -> Bool {
    var position = 0
    while position < text.count {
      if text[position] < lead {
        position += 1
        continue
      }
      let scalar = ScannedScalar.value(text, at: position)
      if !tables.isStable(scalar.value) { return false }
      position = scalar.end
    }
    return true
  }

  private static func decomposed(_ text: Span<UInt8>, _ tables: CompositionTables) -> [Scalar] {
    var scalars: [Scalar] = []
    scalars.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      let (value, end) = ScannedScalar.value(text, at: position)
      position = end
      if value < 0x80 {
        scalars.append(Scalar(value: value, combiningClass: 0))
        continue
      }
      for part in tables.decompositions[value] ?? Hangul.parts(value) ?? [value] {
        scalars.append(
          Scalar(value: part, combiningClass: CompositionTables.combiningClass(part)))
      }
    }
    return scalars
  }

  /// Brings the marks of each run into the order of their classes; of equals, the first is first.
  ///
  /// - Complexity: O(n log n): a text may be one long run.
  private static func order(_ scalars: inout [Scalar]) {
    var start = 0
    while start < scalars.count {
      var end = start
      var isOrdered = true
      while end < scalars.count, scalars[end].combiningClass > 0 {
        if end > start, scalars[end - 1].combiningClass > scalars[end].combiningClass {
          isOrdered = false
        }
        end += 1
      }
      if !isOrdered {
        let marks = scalars[start..<end].enumerated().sorted {
          ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
        }
        for (place, mark) in marks.enumerated() { scalars[start + place] = mark.element }
      }
      start = end + 1
    }
  }

  private static func compose(_ scalars: inout [Scalar], _ tables: CompositionTables) {
    var written = 0
    // The last scalar of class 0, which later ones may join.
    var starter: Int?
    for scalar in scalars {
      if let place = starter {
        // A mark between them whose class is not lower keeps the two apart.
        let isBlocked =
          written - 1 > place && scalars[written - 1].combiningClass >= scalar.combiningClass
        if !isBlocked, let whole = tables.composite(scalars[place].value, scalar.value) {
          scalars[place] = Scalar(value: whole, combiningClass: 0)
          continue
        }
      }
      if scalar.combiningClass == 0 { starter = written }
      scalars[written] = scalar
      written += 1
    }
    scalars.removeLast(scalars.count - written)
  }
}
