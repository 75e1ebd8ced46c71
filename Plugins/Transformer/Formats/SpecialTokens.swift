/// Finds special tokens in a text: at the first place where one begins, the longest.
struct SpecialTokens: Sendable {
  /// A token of this kind.
  struct Token: Sendable, Equatable {
    let text: String
    let id: Int32
    /// Left out by `decode` unless asked for; an added token that isn't special stays.
    let isSpecial: Bool
  }

  let tokens: [Token]
  /// Longest first, so that the first that fits is the longest.
  private let candidates: [(bytes: [UInt8], id: Int32)]
  private var isFirstByte = [Bool](repeating: false, count: 256)

  init(_ tokens: [Token]) {
    self.tokens = tokens
    candidates = tokens.map { (Array($0.text.utf8), $0.id) }
      .sorted { $0.bytes.count > $1.bytes.count }
    for candidate in candidates {
      if let first = candidate.bytes.first { isFirstByte[Int(first)] = true }
    }
  }

  /// The next special token of a text.
  func next(in text: Span<UInt8>, from start: Int) -> (range: Range<Int>, id: Int32)? {
    if candidates.isEmpty { return nil }
    for position in start..<text.count where isFirstByte[Int(text[position])] {
      for (bytes, id) in candidates where position + bytes.count <= text.count {
        var i = 0
        while i < bytes.count && text[position + i] == bytes[i] { i += 1 }
        if i == bytes.count { return (position..<position + i, id) }
      }
    }
    return nil
  }
}
