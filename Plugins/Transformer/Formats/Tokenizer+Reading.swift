import FulcrumKernel

extension Tokenizer {
  /// Reads `tokenizer.json`.
  ///
  /// Byte-level BPE with the pre-tokenizer of Qwen2 or Llama 3 and with no normalizer or NFC;
  /// anything else in the file is refused by name.
  ///
  /// - Throws: `.notFound` without the file, `.checkpoint` if it is damaged, `.unsupported` for
  ///   another kind of tokenizer.
  package init(folder: String) throws(FulcrumError) {
    let path = folder + "/tokenizer.json"
    let json = try ReadableFile.json(path)
    do throws(FulcrumError) {
      let file = TokenizerFile(json: json)
      let isComposing = try file.isComposing()
      let preTokenizer = try file.preTokenizer()
      try file.checkOuterParts()
      let added = try file.addedTokens()
      let vocabulary = try file.vocabulary(added: added)
      let merges = try file.merges(vocabulary: vocabulary, added: added)
      try self.init(
        preTokenizer: preTokenizer, isComposing: isComposing, vocabulary: vocabulary,
        merges: merges, special: SpecialTokens(added))
    } catch {
      throw error.within(path)
    }
  }
}

/// The parts of one `tokenizer.json`.
private struct TokenizerFile {
  let json: JSONValue

  private func unsupported(_ message: String) -> FulcrumError {
    FulcrumError(
      .unsupported, message,
      hint: "byte-level BPE with the pre-tokenizer of Qwen2 or Llama 3 is what can be read")
  }

  private func fault(_ message: String) -> FulcrumError { FulcrumError(.checkpoint, message) }

  func isComposing() throws(FulcrumError) -> Bool {
    guard let normalizer = json.present("normalizer") else { return false }
    guard normalizer["type"] == .string("NFC") else {
      throw unsupported("the normalizer is \(normalizer.excerpt), expected none or NFC")
    }
    return true
  }

  func preTokenizer() throws(FulcrumError) -> PreTokenizer {
    let outer = json["pre_tokenizer"] ?? .null
    guard outer["type"] == .string("Sequence"), let parts = outer["pretokenizers"]?.elements,
      parts.count == 2, parts[0]["type"] == .string("Split"),
      parts[1]["type"] == .string("ByteLevel")
    else {
      throw unsupported(
        "the pre_tokenizer is \(outer.excerpt), expected a Sequence of Split and ByteLevel")
    }
    try require("the Split", parts[0], "behavior", .string("Isolated"))
    try require("the Split", parts[0], "invert", .bool(false))
    try require("the ByteLevel pre-tokenizer", parts[1], "add_prefix_space", .bool(false))
    try require("the ByteLevel pre-tokenizer", parts[1], "use_regex", .bool(false))
    let pattern = parts[0]["pattern"]?["Regex"]?.text ?? ""
    for known in [PreTokenizer.qwen2, .llama3] where known.pattern == pattern { return known }
    // In full: patterns differ late.
    let got = JSONWriter.compact(parts[0]["pattern"] ?? .null)
    throw unsupported("the Split has the unknown pattern \(got)")
  }

  private func require(
    _ part: String, _ value: JSONValue, _ key: String, _ expected: JSONValue
  ) throws(FulcrumError) {
    guard value[key] == expected else {
      throw unsupported(
        "\(part) has \(key) \(value[key]?.excerpt ?? "absent"), expected \(expected.excerpt)")
    }
  }

  /// Whether decoder, post-processor and the model's switches are those of plain byte-level BPE.
  func checkOuterParts() throws(FulcrumError) {
    try require("the decoder", json["decoder"] ?? .null, "type", .string("ByteLevel"))
    if let processor = json.present("post_processor") {
      let isEmptyTemplate =
        processor["type"] == .string("TemplateProcessing")
        && processor["special_tokens"] == .object([])
      guard isEmptyTemplate || processor["type"] == .string("ByteLevel") else {
        throw unsupported(
          "the post_processor is \(processor.excerpt), expected one that adds no tokens")
      }
    }
    for key in ["truncation", "padding"] {
      if let value = json.present(key) {
        throw unsupported("\(key) is \(value.excerpt), expected null")
      }
    }
    let model = json["model"] ?? .null
    // Files of old versions of the library leave the type out.
    if model.present("type") != nil || model["merges"] == nil {
      try require("the model", model, "type", .string("BPE"))
    }
    for key in ["byte_fallback", "ignore_merges", "fuse_unk"] where model.present(key) != nil {
      try require("the model", model, key, .bool(false))
    }
    for key in ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
      // Older files have an empty prefix and suffix, which do nothing.
      if let value = model.present(key), value != .string(""), value.double != 0 {
        throw unsupported("the model has \(key) \(value.excerpt), expected null")
      }
    }
  }

  func addedTokens() throws(FulcrumError) -> [SpecialTokens.Token] {
    var tokens: [SpecialTokens.Token] = []
    for (index, value) in (json.present("added_tokens")?.elements ?? []).enumerated() {
      guard let text = value["content"]?.text, !text.isEmpty,
        let id = value["id"]?.integer.flatMap({ Int32(exactly: $0) }), id >= 0
      else { throw fault("added token \(index) has no content or no id: \(value.excerpt)") }
      for key in ["single_word", "lstrip", "rstrip", "normalized"] {
        if value.present(key) != nil {
          try require("the added token '\(text)'", value, key, .bool(false))
        }
      }
      guard !tokens.contains(where: { $0.text == text }) else {
        throw fault("the added token '\(text)' is given twice")
      }
      tokens.append(
        SpecialTokens.Token(text: text, id: id, isSpecial: value["special"] == .bool(true)))
    }
    return tokens
  }

  /// The bytes of each token by its number: the added tokens' own text, the others' spelt bytes.
  func vocabulary(added: [SpecialTokens.Token]) throws(FulcrumError) -> [[UInt8]] {
    guard let members = json["model"]?["vocab"]?.members else {
      throw fault("the model has no vocab")
    }
    var places = [[UInt8]?](repeating: nil, count: members.count + added.count)
    func place(_ bytes: [UInt8], _ id: Int, _ text: String) throws(FulcrumError) {
      guard places.indices.contains(id) else {
        throw fault(
          "the token '\(text)' has the number \(id), but there are only \(places.count) tokens")
      }
      guard places[id] == nil else {
        throw fault("two tokens have the number \(id), one of them is '\(text)'")
      }
      places[id] = bytes
    }
    for token in added { try place(Array(token.text.utf8), Int(token.id), token.text) }
    for member in members {
      guard let id = member.value.integer else {
        throw fault("the token '\(member.key)' has the number \(member.value.excerpt)")
      }
      if added.contains(where: { Int($0.id) == id && $0.text == member.key }) { continue }
      guard let bytes = ByteAlphabet.bytes(of: member.key), !bytes.isEmpty else {
        throw unsupported("the token '\(member.key)' is not spelt in the byte alphabet")
      }
      try place(bytes, id, member.key)
    }
    let count = places.lastIndex { $0 != nil }.map { $0 + 1 } ?? 0
    var vocabulary: [[UInt8]] = []
    for (id, bytes) in places[..<count].enumerated() {
      guard let bytes else { throw fault("there is no token with the number \(id)") }
      vocabulary.append(bytes)
    }
    return vocabulary
  }

  /// Each merge is "left right", or ["left", "right"] in files since version 0.20 of the library.
  func merges(
    vocabulary: [[UInt8]], added: [SpecialTokens.Token]
  ) throws(FulcrumError) -> [Tokenizer.Merge] {
    guard let values = json["model"]?["merges"]?.elements else {
      throw fault("the model has no merges")
    }
    let addedIds = Set(added.map { Int($0.id) })
    var table = ByteStringTable()
    var ids: [Int32] = []
    for (id, bytes) in vocabulary.enumerated() where !addedIds.contains(id) {
      // A repeated token is reported by the tokenizer's own check.
      if table.intern(bytes.span) == ids.count { ids.append(Int32(id)) }
    }
    var merges: [Tokenizer.Merge] = []
    merges.reserveCapacity(values.count)
    for (rank, value) in values.enumerated() {
      let parts =
        value.text.map {
          $0.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        }
        ?? value.elements.map { $0.compactMap(\.text) } ?? []
      guard parts.count == 2, let left = ByteAlphabet.bytes(of: parts[0]),
        let right = ByteAlphabet.bytes(of: parts[1])
      else { throw fault("merge \(rank) is \(value.excerpt), expected a pair of tokens") }
      guard let leftIndex = table.find(left.span), let rightIndex = table.find(right.span) else {
        throw fault("merge \(rank), \(value.excerpt), has a part that is not in the vocabulary")
      }
      merges.append(Tokenizer.Merge(left: ids[leftIndex], right: ids[rightIndex]))
    }
    return merges
  }
}
