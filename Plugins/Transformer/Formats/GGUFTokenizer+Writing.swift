import FulcrumKernel
import JSON

extension GGUFTokenizer {
  /// Writes `tokenizer.json` and `tokenizer_config.json`.
  ///
  /// - Parameter contextLength: the context in tokens, written as `model_max_length`.
  /// - Throws: `.inputOutput` if the system fails.
  func write(toFolder folder: String, contextLength: Int) throws(FulcrumError) {
    try WritableFile.write(json: document, path: folder + "/tokenizer.json")
    try WritableFile.write(
      json: configuration(contextLength: contextLength), path: folder + "/tokenizer_config.json")
  }

  private func text(_ token: Int32) -> String { tokens[Int(token)] }

  private func configuration(contextLength: Int) -> JSONValue {
    var members: [JSONMember] = []
    if let beginToken { members.append(JSONMember("bos_token", .string(text(beginToken)))) }
    members += [
      JSONMember("clean_up_tokenization_spaces", .bool(false)),
      JSONMember("eos_token", .string(text(endToken))),
      JSONMember("model_max_length", .integer(contextLength)),
      JSONMember("pad_token", .string(text(padToken))),
      JSONMember("tokenizer_class", .string("PreTrainedTokenizerFast")),
    ]
    if let unknownToken { members.append(JSONMember("unk_token", .string(text(unknownToken)))) }
    if let chatTemplate { members.append(JSONMember("chat_template", .string(chatTemplate))) }
    return .object(members)
  }

  /// The content of `tokenizer.json`, key by key in the order of the `tokenizers` library.
  private var document: JSONValue {
    .object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array(kinds.indices.compactMap(addedToken))),
      JSONMember(
        "normalizer",
        preTokenizer.isComposing ? .object([JSONMember("type", .string("NFC"))]) : .null),
      JSONMember("pre_tokenizer", preTokenizer.document),
      JSONMember("post_processor", postProcessor),
      JSONMember("decoder", GGUFPreTokenizer.byteLevel),
      JSONMember("model", model),
    ])
  }

  /// Returns a token that is looked for before the text is cut; nil for a plain one.
  private func addedToken(_ id: Int) -> JSONValue? {
    let kind = kinds[id]
    guard kind == .control || kind == .unknown || kind == .userDefined else { return nil }
    return .object([
      JSONMember("id", .integer(id)),
      JSONMember("content", .string(tokens[id])),
      JSONMember("single_word", .bool(false)),
      JSONMember("lstrip", .bool(false)),
      JSONMember("rstrip", .bool(false)),
      JSONMember("normalized", .bool(false)),
      JSONMember("special", .bool(kind != .userDefined)),
    ])
  }

  /// Puts begin and end tokens around a text, if the file asks for either.
  private var postProcessor: JSONValue {
    let begin = addsBeginToken ? beginToken : nil
    let end = addsEndToken ? endToken : nil
    guard begin != nil || end != nil else { return .null }
    func special(_ token: Int32, _ typeId: Int) -> JSONValue {
      .object([
        JSONMember(
          "SpecialToken",
          .object([
            JSONMember("id", .string(text(token))), JSONMember("type_id", .integer(typeId)),
          ]))
      ])
    }
    func around(_ name: String, _ typeId: Int) -> [JSONValue] {
      let sequence = JSONValue.object([
        JSONMember(
          "Sequence",
          .object([JSONMember("id", .string(name)), JSONMember("type_id", .integer(typeId))]))
      ])
      return [begin.map { special($0, typeId) }, sequence, end.map { special($0, typeId) }]
        .compactMap { $0 }
    }
    let used = Set([begin, end].compactMap { $0 }).sorted()
    return .object([
      JSONMember("type", .string("TemplateProcessing")),
      JSONMember("single", .array(around("A", 0))),
      JSONMember("pair", .array(around("A", 0) + around("B", 1))),
      JSONMember(
        "special_tokens",
        .object(
          used.map {
            JSONMember(
              text($0),
              .object([
                JSONMember("id", .string(text($0))),
                JSONMember("ids", .array([.integer(Int($0))])),
                JSONMember("tokens", .array([.string(text($0))])),
              ]))
          })),
    ])
  }

  private var model: JSONValue {
    .object(
      TokenizerParts.modelSwitches(ignoresMerges: preTokenizer.ignoresMerges) + [
        JSONMember(
          "vocab",
          .object(
            tokens.indices.filter { !isVacant($0) }.map { JSONMember(tokens[$0], .integer($0)) })),
        JSONMember(
          "merges", .array(merges.map { .array([.string($0.left), .string($0.right)]) })),
      ])
  }
}
