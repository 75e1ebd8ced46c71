import JSON

/// The parts of `tokenizer.json` beside added tokens, vocabulary and merges.
///
/// They are kept as they were read and written back so, with what has no effect on tokens.
struct TokenizerParts: Sendable {
  let normalizer: JSONValue
  let preTokenizer: JSONValue
  let postProcessor: JSONValue
  let decoder: JSONValue
  /// The model's members before its vocabulary.
  let modelSwitches: [JSONMember]

  /// The parts of a tokenizer that is trained here.
  static func trained(with pattern: PiecePattern) -> TokenizerParts {
    TokenizerParts(
      normalizer: .null, preTokenizer: PreTokenizer.document(of: pattern), postProcessor: .null,
      decoder: byteLevel(usesRegex: true),
      modelSwitches: modelSwitches(ignoresMerges: false))
  }

  /// The model's members before its vocabulary, of a byte-level BPE.
  static func modelSwitches(ignoresMerges: Bool) -> [JSONMember] {
    [
      JSONMember("type", .string("BPE")),
      JSONMember("dropout", .null),
      JSONMember("unk_token", .null),
      JSONMember("continuing_subword_prefix", .null),
      JSONMember("end_of_word_suffix", .null),
      JSONMember("fuse_unk", .bool(false)),
      JSONMember("byte_fallback", .bool(false)),
      JSONMember("ignore_merges", .bool(ignoresMerges)),
    ]
  }

  /// As the `tokenizers` library writes a ByteLevel; in a decoder the switches have no effect.
  static func byteLevel(usesRegex: Bool) -> JSONValue {
    .object([
      JSONMember("type", .string("ByteLevel")),
      JSONMember("add_prefix_space", .bool(usesRegex)),
      JSONMember("trim_offsets", .bool(true)),
      JSONMember("use_regex", .bool(usesRegex)),
    ])
  }
}
