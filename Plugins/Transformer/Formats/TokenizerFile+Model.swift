import FulcrumKernel
import JSON

/// Reads added tokens, vocabulary and merges.
extension TokenizerFile {
  /// Returns the added tokens in the order of the file.
  func addedTokens() throws(FulcrumError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    var texts = ByteStringTable()
    for (index, value) in (json.present("added_tokens")?.elements ?? []).enumerated() {
      guard let text = value["content"]?.text, !text.isEmpty,
        let id = value["id"]?.integer.flatMap({ Int32(exactly: $0) }), id >= 0
      else {
        throw TokenizerFault.damaged(
          "added token \(index) has no content or no id: \(value.excerpt)")
      }
      let name = "the added token '\(text)'"
      guard texts.intern(text.utf8Span.span) == tokens.count else {
        throw TokenizerFault.damaged("\(name) is given twice")
      }
      func flag(_ key: String) throws(FulcrumError) -> Bool {
        try TokenizerFault.flag(name, value, key, absent: false)
      }
      tokens.append(
        AddedToken(
          text: text, id: id, isSpecial: try flag("special"),
          isSingleWord: try flag("single_word"), stripsLeft: try flag("lstrip"),
          stripsRight: try flag("rstrip"), isNormalized: try flag("normalized"),
          isInModel: false))
    }
    return tokens
  }

  /// Returns the bytes of each token by its number, none for a number that no token has, and marks
  /// the added tokens that the model lists too.
  func vocabulary(
    added: inout [AddedToken], _ spelling: TokenSpelling
  ) throws(FulcrumError) -> [[UInt8]] {
    guard let members = model["vocab"]?.members, !members.isEmpty else {
      throw TokenizerFault.damaged("the model has no vocab")
    }
    let tokenCount = members.count + added.count
    // Numbers may be left out. A limit bounds the memory that a hostile file takes.
    var places = [[UInt8]](repeating: [], count: 2 * tokenCount)
    func place(_ bytes: [UInt8], _ id: Int, _ text: String) throws(FulcrumError) {
      guard places.indices.contains(id) else {
        throw TokenizerFault.damaged(
          "the token '\(text)' has the number \(id), but there are only \(tokenCount) tokens")
      }
      guard places[id].isEmpty else {
        throw TokenizerFault.damaged("two tokens have the number \(id), one of them is '\(text)'")
      }
      places[id] = bytes
    }
    var texts = ByteStringTable()
    for token in added {
      _ = texts.intern(token.text.utf8Span.span)
      try place(Self.bytes(ofAdded: token.text, spelling), Int(token.id), token.text)
    }
    for member in members {
      guard let id = member.value.integer else {
        throw TokenizerFault.damaged(
          "the token '\(member.key)' has the number \(member.value.excerpt)")
      }
      if let index = texts.find(member.key.utf8Span.span) {
        guard added[index].id == id else {
          throw TokenizerFault.damaged(
            "the added token '\(member.key)' has the number \(added[index].id), but \(id) in the"
              + " vocab")
        }
        added[index].isInModel = true
        continue
      }
      guard let bytes = spelling.bytes(of: member.key), !bytes.isEmpty else {
        throw TokenizerFault.unsupported(
          "the token '\(member.key)' is not spelt in the byte alphabet")
      }
      try place(bytes, id, member.key)
    }
    return Array(places[..<((places.lastIndex { !$0.isEmpty } ?? -1) + 1)])
  }

  /// Returns what the tokens of a vocabulary are decoded from: an added token that is looked for in
  /// normalized texts has its normalized text then.
  func decodedBytes(
    _ vocabulary: [[UInt8]], added: [AddedToken], _ spelling: TokenSpelling,
    _ normalizer: TextNormalizer
  ) -> [[UInt8]] {
    var bytes = vocabulary
    for token in added where token.isNormalized {
      bytes[Int(token.id)] = Self.bytes(ofAdded: token.soughtText(normalizer), spelling)
    }
    return bytes
  }

  /// The library decodes every token by the alphabet if it can.
  private static func bytes(ofAdded text: String, _ spelling: TokenSpelling) -> [UInt8] {
    spelling.bytes(of: text) ?? Array(text.utf8)
  }

  /// Returns the tokens of single bytes or characters.
  ///
  /// - Throws: `.checkpoint` if one that must be there is missing.
  func symbols(
    _ spelling: TokenSpelling, _ tokens: MergeableTokens
  ) throws(FulcrumError) -> PieceSymbols {
    if spelling == .byteAlphabet { return try .bytes(in: tokens) }
    let unknown = model.present("unk_token")
    let unknownToken = unknown?.text.flatMap { tokens.id(of: $0.utf8Span.span) }
    let fallsBack = try flag("byte_fallback")
    let isComplete = (0...UInt8.max).allSatisfy {
      tokens.id(of: CharacterTokens.spelling($0).span) != nil
    }
    if let unknown, unknownToken == nil, !(fallsBack && isComplete) {
      throw TokenizerFault.damaged(
        "the model has unk_token \(unknown.excerpt), which is not in the vocabulary")
    }
    return .characters(
      CharacterTokens(
        tokens, fallsBackToBytes: fallsBack, unknown: unknownToken,
        fusesUnknown: try flag("fuse_unk")))
  }

  /// Reads the merges, each "left right", or ["left", "right"] in files since version 0.20 of the
  /// library.
  func merges(
    _ tokens: MergeableTokens, _ spelling: TokenSpelling
  ) throws(FulcrumError) -> [Tokenizer.Merge] {
    guard let values = model["merges"]?.elements else {
      throw TokenizerFault.damaged("the model has no merges")
    }
    var merges: [Tokenizer.Merge] = []
    merges.reserveCapacity(values.count)
    var left: [UInt8] = []
    var right: [UInt8] = []
    for (rank, value) in values.enumerated() {
      guard Self.read(value, spelling, &left, &right) else {
        throw TokenizerFault.damaged(
          "merge \(rank) is \(value.excerpt), expected a pair of tokens")
      }
      guard let leftId = tokens.id(of: left.span), let rightId = tokens.id(of: right.span) else {
        throw TokenizerFault.damaged(
          "merge \(rank), \(value.excerpt), has a part that is not in the vocabulary")
      }
      merges.append(Tokenizer.Merge(left: leftId, right: rightId))
    }
    return merges
  }

  private static func read(
    _ value: JSONValue, _ spelling: TokenSpelling, _ left: inout [UInt8], _ right: inout [UInt8]
  ) -> Bool {
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
    switch value {
    case .string(let text):
      let parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
      return parts.count == 2 && spelling.append(bytesOf: parts[0], to: &left)
        && spelling.append(bytesOf: parts[1], to: &right)
    case .array(let parts):
      guard parts.count == 2, let first = parts[0].text, let second = parts[1].text else {
        return false
      }
      return spelling.append(bytesOf: first.unicodeScalars, to: &left)
        && spelling.append(bytesOf: second.unicodeScalars, to: &right)
    default: return false
    }
  }
}
