/// Cuts a text into the pieces within which tokens are merged: the patterns of Qwen2 and Llama 3.
///
/// The two differ only in how many digits stay together. The scanner follows the pattern's
/// alternatives one by one:
/// ```
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)   1 a contraction
/// [^\r\n\p{L}\p{N}]?\p{L}+       2 a word, with one sign or space before it
/// \p{N}{1,n}                     3 digits
///  ?[^\s\p{L}\p{N}]+[\r\n]*      4 signs, with one space before and line ends after
/// \s*[\r\n]+                     5 white space up to its last line end
/// \s+(?!\S)                      6 white space, but for the last one before a piece
/// \s+                            7 white space
/// ```
package struct PreTokenizer: Sendable, Equatable {
  /// The most digits in one piece: 1 in Qwen2's pattern, 3 in Llama 3's.
  package let digitsPerPiece: Int

  /// Digits one by one.
  package static let qwen2 = PreTokenizer(digitsPerPiece: 1)
  /// Digits in threes.
  package static let llama3 = PreTokenizer(digitsPerPiece: 3)

  /// The pattern as `tokenizer.json` has it.
  package var pattern: String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"#
      + (digitsPerPiece == 1 ? "" : "{1,\(digitsPerPiece)}")
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Where the piece that begins at `start` ends.
  ///
  /// - Parameter text: valid UTF-8; `start` is less than its length and begins a scalar.
  /// - Complexity: O(piece), plus white space after it that is looked at twice.
  package func pieceEnd(in text: Span<UInt8>, from start: Int) -> Int {
    let ascii = ScalarClass.ascii
    let first = ScannedScalar(text, at: start, ascii: ascii)
    if first.value == 0x27, let end = Self.contractionEnd(in: text, from: first.end) { return end }
    if first.kind == .letter {
      return Self.runEnd(of: .letter, in: text, from: first.end, ascii: ascii)
    }
    if first.kind == .number {
      return Self.runEnd(
        of: .number, in: text, from: first.end, ascii: ascii, limit: digitsPerPiece - 1)
    }
    let second =
      first.end < text.count ? ScannedScalar(text, at: first.end, ascii: ascii) : nil
    if let second, second.kind == .letter, !first.isLineEnd {
      return Self.runEnd(of: .letter, in: text, from: second.end, ascii: ascii)
    }
    if first.kind == .other {
      return Self.signsEnd(in: text, from: first.end, ascii: ascii)
    }
    if let second, second.kind == .other, first.value == 0x20 {
      return Self.signsEnd(in: text, from: second.end, ascii: ascii)
    }
    return Self.spaceEnd(in: text, from: start, ascii: ascii)
  }

  /// - Parameter start: after the apostrophe.
  private static func contractionEnd(in text: Span<UInt8>, from start: Int) -> Int? {
    guard start < text.count else { return nil }
    // Setting bit 5 makes ASCII letters lower-case.
    switch text[start] | 0x20 {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 1 < text.count && text[start + 1] | 0x20 == UInt8(ascii: "e")
        ? start + 2 : nil
    case UInt8(ascii: "l"):
      return start + 1 < text.count && text[start + 1] | 0x20 == UInt8(ascii: "l")
        ? start + 2 : nil
    default:
      // Without regard to case, the long s (U+017F) is an s.
      return start + 1 < text.count && text[start] == 0xC5 && text[start + 1] == 0xBF
        ? start + 2 : nil
    }
  }

  @inline(__always)
  private static func runEnd(
    of kind: ScalarClass, in text: Span<UInt8>, from start: Int, ascii: [ScalarClass],
    limit: Int = .max
  ) -> Int {
    var end = start
    var left = limit
    while end < text.count && left > 0 {
      let scalar = ScannedScalar(text, at: end, ascii: ascii)
      if scalar.kind != kind { break }
      end = scalar.end
      left -= 1
    }
    return end
  }

  private static func signsEnd(
    in text: Span<UInt8>, from start: Int, ascii: [ScalarClass]
  ) -> Int {
    var end = runEnd(of: .other, in: text, from: start, ascii: ascii)
    while end < text.count && (text[end] == 0x0A || text[end] == 0x0D) { end += 1 }
    return end
  }

  private static func spaceEnd(
    in text: Span<UInt8>, from start: Int, ascii: [ScalarClass]
  ) -> Int {
    var end = start
    var lastStart = start
    var lineEnd: Int?
    while end < text.count {
      let scalar = ScannedScalar(text, at: end, ascii: ascii)
      if scalar.kind != .space { break }
      lastStart = end
      end = scalar.end
      if scalar.isLineEnd { lineEnd = end }
    }
    if let lineEnd { return lineEnd }
    // Before a piece the last space is left to it, unless it is the only one.
    return end < text.count && lastStart > start ? lastStart : end
  }
}
