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
    added: inout [AddedToken], isComposing: Bool
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
      // The library decodes every token by the alphabet if it can.
      let text = token.soughtText(isComposing: isComposing)
      try place(ByteAlphabet.bytes(of: text) ?? Array(text.utf8), Int(token.id), token.text)
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
      guard let bytes = ByteAlphabet.bytes(of: member.key), !bytes.isEmpty else {
        throw TokenizerFault.unsupported(
          "the token '\(member.key)' is not spelt in the byte alphabet")
      }
      try place(bytes, id, member.key)
    }
    return Array(places[..<((places.lastIndex { !$0.isEmpty } ?? -1) + 1)])
  }

  /// Reads the merges, each "left right", or ["left", "right"] in files since version 0.20 of the
  /// library.
  func merges(_ tokens: MergeableTokens) throws(FulcrumError) -> [Tokenizer.Merge] {
    guard let values = model["merges"]?.elements else {
      throw TokenizerFault.damaged("the model has no merges")
    }
    var merges: [Tokenizer.Merge] = []
    merges.reserveCapacity(values.count)
    var left: [UInt8] = []
    var right: [UInt8] = []
    for (rank, value) in values.enumerated() {
      guard Self.read(value, &left, &right) else {
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
    _ value: JSONValue, _ left: inout [UInt8], _ right: inout [UInt8]
  ) -> Bool {
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
    switch value {
    case .string(let text):
      let parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
      return parts.count == 2 && ByteAlphabet.append(bytesOf: parts[0], to: &left)
        && ByteAlphabet.append(bytesOf: parts[1], to: &right)
    case .array(let parts):
      guard parts.count == 2, let first = parts[0].text, let second = parts[1].text else {
        return false
      }
      return ByteAlphabet.append(bytesOf: first.unicodeScalars, to: &left)
        && ByteAlphabet.append(bytesOf: second.unicodeScalars, to: &right)
    default: return false
    }
  }
}
