/// Turns tokens into text: the `decoder` of `tokenizer.json`.
struct TokenDecoder: Sendable {
  /// Says how the texts of tokens become one text.
  enum Form: Sendable, Equatable {
    /// Each spells bytes in the byte alphabet; one that doesn't stands for itself.
    case byteLevel
    case plain(PlainForm)
  }

  /// The steps of a decoder of plain texts, in their order.
  struct PlainForm: Sendable, Equatable {
    enum Step: Sendable, Equatable {
      case replace([UInt8], by: [UInt8])
      /// Signs become spaces; in the first token they go, unless none was put before a text.
      case metaspace(Metaspace)
    }

    /// What is done to each token's text.
    var steps: [Step] = []
    /// Whether texts like `<0x0A>` stand for bytes. Of neighbours that aren't UTF-8 together, each
    /// becomes U+FFFD.
    var fallsBackToBytes = false
    /// The character of which some are taken off the whole text's start and end, and how many at
    /// most.
    var strip: (character: [UInt8], start: Int, end: Int)?

    static func == (a: PlainForm, b: PlainForm) -> Bool {
      a.steps == b.steps && a.fallsBackToBytes == b.fallsBackToBytes
        && a.strip?.character == b.strip?.character && a.strip?.start == b.strip?.start
        && a.strip?.end == b.strip?.end
    }
  }

  private let form: Form
  /// The text of each token, for the first one of a text.
  private let texts: [[UInt8]]
  /// What each token stands for, where it isn't the first.
  private let bytes: [[UInt8]]
  /// Whether the token is a byte; empty if none is.
  private let isByte: [Bool]

  /// - Parameter texts: the bytes of each token by its number (of a plain form, its text); none
  ///   where there is no token.
  init(_ form: Form, texts: [[UInt8]]) {
    self.form = form
    guard case .plain(let plain) = form else {
      self.texts = []
      bytes = texts
      isByte = []
      return
    }
    self.texts = texts
    let pieces = texts.map { plain.piece($0, isFirst: false) }
    bytes = pieces.map(\.bytes)
    isByte = plain.fallsBackToBytes ? pieces.map(\.isByte) : []
  }

  /// Returns the bytes that a token stands for where it isn't the first of a text.
  func bytes(of token: Int) -> [UInt8] { bytes[token] }

  /// Returns the text of tokens, all of which have one.
  func text(of tokens: some Sequence<Int>) -> String {
    var text: [UInt8] = []
    guard case .plain(let plain) = form else {
      for token in tokens { text += bytes[token] }
      return String(decoding: text, as: UTF8.self)
    }
    var isFirst = plain.dependsOnPlace
    // The start of the bytes that the last tokens stand for.
    var run = 0
    for token in tokens {
      var piece = bytes[token]
      var isByte = !isByte.isEmpty && isByte[token]
      if isFirst {
        isFirst = false
        (piece, isByte) = plain.piece(texts[token], isFirst: true)
      }
      if !isByte { Self.repair(&text, from: run) }
      text += piece
      if !isByte { run = text.count }
    }
    Self.repair(&text, from: run)
    return String(decoding: plain.stripped(text), as: UTF8.self)
  }

  /// Replaces each byte from a place on by U+FFFD, unless they are UTF-8.
  private static func repair(_ text: inout [UInt8], from start: Int) {
    guard start < text.count else { return }
    let isValid = (try? UTF8Span(validating: text.span.extracting(start...))) != nil
    if isValid { return }
    let count = text.count - start
    text.removeLast(count)
    for _ in 0..<count { text += [0xEF, 0xBF, 0xBD] }
  }
}

extension TokenDecoder.PlainForm {
  fileprivate var dependsOnPlace: Bool {
    steps.contains { step in
      if case .metaspace(let metaspace) = step { metaspace.prepends != .never } else { false }
    }
  }

  /// Returns what a token's text stands for, and whether that is a byte.
  fileprivate func piece(_ text: [UInt8], isFirst: Bool) -> (bytes: [UInt8], isByte: Bool) {
    var text = text
    for step in steps {
      let changed =
        switch step {
        case .replace(let wanted, let content):
          ByteSearch.replacing(wanted, by: content, in: text.span)
        case .metaspace(let metaspace):
          ByteSearch.replacing(
            metaspace.sign, by: isFirst && metaspace.prepends != .never ? [] : [0x20],
            in: text.span)
        }
      if let changed { text = changed }
    }
    guard fallsBackToBytes, let byte = CharacterTokens.byte(of: text) else { return (text, false) }
    return ([byte], true)
  }

  fileprivate func stripped(_ text: [UInt8]) -> ArraySlice<UInt8> {
    var text = text[...]
    guard let strip else { return text }
    var left = strip.start
    while left > 0, text.starts(with: strip.character) {
      text.removeFirst(strip.character.count)
      left -= 1
    }
    left = strip.end
    while left > 0, text.suffix(strip.character.count).elementsEqual(strip.character) {
      text.removeLast(strip.character.count)
      left -= 1
    }
    return text
  }
}
