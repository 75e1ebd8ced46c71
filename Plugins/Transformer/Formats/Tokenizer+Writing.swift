import FulcrumKernel

extension Tokenizer {
  /// The conversation format that the policy's demonstrations use.
  ///
  /// - Source: ChatML, as in Qwen2's template without its default system message.
  package static let chatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n'"
    + " + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

  /// Writes `tokenizer.json` and `tokenizer_config.json`.
  ///
  /// - Parameters:
  ///   - endToken: a special token of this tokenizer, and so is `padToken`.
  ///   - contextLength: in tokens, as `model_max_length`.
  /// - Throws: `.usage` for a text that is no special token, `.inputOutput` if the system fails.
  package func write(
    toFolder folder: String, endToken: String, padToken: String, contextLength: Int
  ) throws(FulcrumError) {
    for token in [endToken, padToken] where specialToken(token) == nil {
      throw FulcrumError(
        .usage, "'\(token)' is not a special token of this tokenizer", at: folder,
        hint: NearNames.hint(for: token, among: special.tokens.map(\.text)))
    }
    try WritableFile.write(json: document, path: folder + "/tokenizer.json")
    try WritableFile.write(
      json: .object([
        JSONMember("clean_up_tokenization_spaces", .bool(false)),
        JSONMember("eos_token", .string(endToken)),
        JSONMember("model_max_length", .integer(contextLength)),
        JSONMember("pad_token", .string(padToken)),
        JSONMember("tokenizer_class", .string("PreTrainedTokenizerFast")),
        JSONMember("chat_template", .string(Self.chatTemplate)),
      ]), path: folder + "/tokenizer_config.json")
  }

  /// The content of `tokenizer.json`, key by key in the order of the `tokenizers` library.
  private var document: JSONValue {
    .object([
      JSONMember("version", .string("1.0")),
      JSONMember("truncation", .null),
      JSONMember("padding", .null),
      JSONMember("added_tokens", .array(special.tokens.map(Self.addedToken))),
      JSONMember(
        "normalizer", isComposing ? .object([JSONMember("type", .string("NFC"))]) : .null),
      JSONMember(
        "pre_tokenizer",
        .object([
          JSONMember("type", .string("Sequence")),
          JSONMember("pretokenizers", .array([split, Self.byteLevel(usesRegex: false)])),
        ])),
      JSONMember("post_processor", .null),
      JSONMember("decoder", Self.byteLevel(usesRegex: true)),
      JSONMember("model", model),
    ])
  }

  private static func addedToken(_ token: SpecialTokens.Token) -> JSONValue {
    .object([
      JSONMember("id", .integer(Int(token.id))),
      JSONMember("content", .string(token.text)),
      JSONMember("single_word", .bool(false)),
      JSONMember("lstrip", .bool(false)),
      JSONMember("rstrip", .bool(false)),
      JSONMember("normalized", .bool(false)),
      JSONMember("special", .bool(token.isSpecial)),
    ])
  }

  private var split: JSONValue {
    .object([
      JSONMember("type", .string("Split")),
      JSONMember(
        "pattern", .object([JSONMember("Regex", .string(preTokenizer.pattern))])),
      JSONMember("behavior", .string("Isolated")),
      JSONMember("invert", .bool(false)),
    ])
  }

  /// As the library writes the decoder, whose three switches have no effect on decoding.
  private static func byteLevel(usesRegex: Bool) -> JSONValue {
    .object([
      JSONMember("type", .string("ByteLevel")),
      JSONMember("add_prefix_space", .bool(usesRegex)),
      JSONMember("trim_offsets", .bool(true)),
      JSONMember("use_regex", .bool(usesRegex)),
    ])
  }

  private var model: JSONValue {
    var spellings = vocabulary.map { ByteAlphabet.spell($0) }
    for token in special.tokens { spellings[Int(token.id)] = token.text }
    return .object([
      JSONMember("type", .string("BPE")),
      JSONMember("dropout", .null),
      JSONMember("unk_token", .null),
      JSONMember("continuing_subword_prefix", .null),
      JSONMember("end_of_word_suffix", .null),
      JSONMember("fuse_unk", .bool(false)),
      JSONMember("byte_fallback", .bool(false)),
      JSONMember("ignore_merges", .bool(false)),
      JSONMember(
        "vocab",
        .object(spellings.enumerated().map { JSONMember($0.element, .integer($0.offset)) })),
      JSONMember(
        "merges",
        .array(
          merges.map {
            .array([.string(spellings[Int($0.left)]), .string(spellings[Int($0.right)])])
          })),
    ])
  }
}
