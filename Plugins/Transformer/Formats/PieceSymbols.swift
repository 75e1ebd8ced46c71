/// Gives the tokens that a piece of text begins as, before any merge: of its bytes, or of its
/// characters.
enum PieceSymbols: Sendable {
  /// The token of each byte; -1 where the vocabulary has no token of that byte alone, which is left
  /// out then.
  case bytes([Int32])
  case characters(CharacterTokens)
}

/// Holds the tokens of single characters, and what stands for a character that has none.
///
/// - Source: `BPE::merge_word` in github.com/huggingface/tokenizers, models/bpe/model.rs.
struct CharacterTokens: Sendable {
  private let tokens: MergeableTokens
  /// The tokens of ASCII's characters, or -1.
  private let ascii: [Int32]
  /// The tokens `<0x00>` to `<0xFF>`, by which a character without a token is written byte by byte;
  /// -1 where one is missing, empty where that isn't done.
  private let bytes: [Int32]
  /// The token of a character that can't be written at all; `nil`: it is left out.
  private let unknown: Int32?
  /// Whether neighbours of that kind have one token together.
  private let fusesUnknown: Bool

  init(
    _ tokens: MergeableTokens, fallsBackToBytes: Bool, unknown: Int32?, fusesUnknown: Bool
  ) {
    self.tokens = tokens
    self.unknown = unknown
    self.fusesUnknown = fusesUnknown
    ascii = (UInt8(0)..<0x80).map { tokens.id(of: [$0].span) ?? -1 }
    bytes =
      fallsBackToBytes
      ? (0...UInt8.max).map { tokens.id(of: Self.spelling($0).span) ?? -1 } : []
  }

  /// Returns the text of a byte's token: `<0x0A>`.
  static func spelling(_ byte: UInt8) -> [UInt8] {
    let digits = String(byte, radix: 16, uppercase: true)
    return Array("<0x\(digits.utf8.count < 2 ? "0" : "")\(digits)>".utf8)
  }

  /// Returns the byte that a token's text stands for; `nil` for any other text.
  static func byte(of text: [UInt8]) -> UInt8? {
    guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">"),
      text[3] < 0x80, text[4] < 0x80, text[3] != UInt8(ascii: "-")
    else { return nil }
    // Rust's numbers may have a plus sign, and so may Swift's; a minus sign only Swift's.
    return UInt8(String(decoding: text[3...4], as: UTF8.self), radix: 16)
  }

  /// Appends the tokens of a piece's characters.
  ///
  /// - Parameter piece: valid UTF-8.
  func append(_ piece: Span<UInt8>, to symbols: inout [Int32]) {
    // An unknown token comes once a character with a token of its own follows, or at the end; so
    // bytes that stand for a character come before it. That is how the library does it.
    var pending = false
    var start = 0
    while start < piece.count {
      let end = ScannedScalar.value(piece, at: start).end
      defer { start = end }
      let token =
        end == start + 1
        ? ascii[Int(piece[start])] : tokens.id(of: piece.extracting(start..<end)) ?? -1
      if token >= 0 {
        if pending, let unknown { symbols.append(unknown) }
        pending = false
        symbols.append(token)
      } else if !appendBytes(piece, start..<end, to: &symbols), let unknown {
        if pending && !fusesUnknown { symbols.append(unknown) }
        pending = true
      }
    }
    if pending, let unknown { symbols.append(unknown) }
  }

  /// Appends the tokens of a character's bytes.
  ///
  /// - Returns: whether there is one for each of them.
  private func appendBytes(
    _ piece: Span<UInt8>, _ range: Range<Int>, to symbols: inout [Int32]
  ) -> Bool {
    guard !bytes.isEmpty else { return false }
    for i in range where bytes[Int(piece[i])] < 0 { return false }
    for i in range { symbols.append(bytes[Int(piece[i])]) }
    return true
  }
}
