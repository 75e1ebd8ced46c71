/// Finds ends of pieces: the scanners behind `PiecePattern`.
struct PieceScanner {
  private let classes = ScalarClass.basicPlane

  /// Returns the end of a piece by the pattern of Qwen2 and Llama 3.
  func wordPieceEnd(in text: Span<UInt8>, from start: Int, digitsPerPiece: Int) -> Int {
    let first = scalar(text, start)
    if first.value == 0x27, let end = contractionEnd(in: text, from: first.end, anyCase: true) {
      return end
    }
    if first.kind == .letter { return runEnd(of: .letter, in: text, from: first.end) }
    if first.kind == .number {
      return runEnd(of: .number, in: text, from: first.end, limit: digitsPerPiece - 1)
    }
    let second = first.end < text.count ? scalar(text, first.end) : nil
    if let second, second.kind == .letter, !first.isLineEnd {
      return runEnd(of: .letter, in: text, from: second.end)
    }
    if first.kind == .other {
      return lineEndsEnd(in: text, from: runEnd(of: .other, in: text, from: first.end))
    }
    if let second, second.kind == .other, first.value == 0x20 {
      return lineEndsEnd(in: text, from: runEnd(of: .other, in: text, from: second.end))
    }
    return spaceEnd(in: text, from: start, keepsLines: true)
  }

  /// Returns the end of a piece by GPT-2's pattern.
  func spacedPieceEnd(in text: Span<UInt8>, from start: Int) -> Int {
    let first = scalar(text, start)
    if first.value == 0x27, let end = contractionEnd(in: text, from: first.end, anyCase: false) {
      return end
    }
    if first.kind != .space { return runEnd(of: first.kind, in: text, from: first.end) }
    if first.value == 0x20, first.end < text.count {
      let second = scalar(text, first.end)
      if second.kind != .space { return runEnd(of: second.kind, in: text, from: second.end) }
    }
    return spaceEnd(in: text, from: start, keepsLines: false)
  }

  /// Returns the end of a run of digits, or of a run without any.
  func digitsPieceEnd(in text: Span<UInt8>, from start: Int, areSeparate: Bool) -> Int {
    let first = scalar(text, start)
    if first.kind == .number {
      return runEnd(of: .number, in: text, from: first.end, limit: areSeparate ? 0 : .max)
    }
    var end = first.end
    while end < text.count {
      let scalar = scalar(text, end)
      if scalar.kind == .number { break }
      end = scalar.end
    }
    return end
  }

  @inline(__always)
  private func scalar(_ text: Span<UInt8>, _ start: Int) -> ScannedScalar {
    ScannedScalar(text, at: start, classes: classes)
  }

  /// - Parameter start: after the apostrophe.
  private func contractionEnd(
    in text: Span<UInt8>, from start: Int, anyCase: Bool
  ) -> Int? {
    guard start < text.count else { return nil }
    // Setting bit 5 makes ASCII letters lower-case.
    let bit: UInt8 = anyCase ? 0x20 : 0
    switch text[start] | bit {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 1
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 1 < text.count && text[start + 1] | bit == UInt8(ascii: "e")
        ? start + 2 : nil
    case UInt8(ascii: "l"):
      return start + 1 < text.count && text[start + 1] | bit == UInt8(ascii: "l")
        ? start + 2 : nil
    default:
      // Without regard to case, the long s (U+017F) is an s.
      return anyCase && start + 1 < text.count && text[start] == 0xC5 && text[start + 1] == 0xBF
        ? start + 2 : nil
    }
  }

  @inline(__always)
  private func runEnd(
    of kind: ScalarClass, in text: Span<UInt8>, from start: Int, limit: Int = .max
  ) -> Int {
    var end = start
    var left = limit
    while end < text.count && left > 0 {
      let scalar = scalar(text, end)
      if scalar.kind != kind { break }
      end = scalar.end
      left -= 1
    }
    return end
  }

  private func lineEndsEnd(in text: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < text.count && (text[end] == 0x0A || text[end] == 0x0D) { end += 1 }
    return end
  }

  /// - Parameter keepsLines: whether white space with line ends goes up to the last of them.
  private func spaceEnd(in text: Span<UInt8>, from start: Int, keepsLines: Bool) -> Int {
    var end = start
    var lastStart = start
    var lineEnd: Int?
    while end < text.count {
      let scalar = scalar(text, end)
      if scalar.kind != .space { break }
      lastStart = end
      end = scalar.end
      if keepsLines && scalar.isLineEnd { lineEnd = end }
    }
    if let lineEnd { return lineEnd }
    // Before a piece the last space is left to it, unless it is the only one.
    return end < text.count && lastStart > start ? lastStart : end
  }
}
