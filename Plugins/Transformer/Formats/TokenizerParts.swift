import JSON

/// Holds the parts of `tokenizer.json` beside added tokens, vocabulary and merges.
///
/// They are written back as they were read, including contents that have no effect on tokens.
struct TokenizerParts: Sendable {
  /// How a batch of texts would be cut and filled up to one length; here it never is.
  let truncation: JSONValue
  let padding: JSONValue
  let normalizer: JSONValue
  let preTokenizer: JSONValue
  let postProcessor: JSONValue
  let decoder: JSONValue
  /// The model's members before its vocabulary.
  let modelSwitches: [JSONMember]

  /// Returns the parts of a tokenizer that is trained here.
  static func trained(with pattern: PiecePattern) -> TokenizerParts {
    TokenizerParts(
      truncation: .null, padding: .null, normalizer: .null,
      preTokenizer: PreTokenizer.document(of: pattern), postProcessor: .null,
      decoder: byteLevel(usesRegex: true),
      modelSwitches: modelSwitches(ignoresMerges: false))
  }

  /// Returns the model's members before its vocabulary, for a byte-level BPE.
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

  /// Returns a ByteLevel as the `tokenizers` library writes it; in a decoder the switches have no
  /// effect.
  static func byteLevel(usesRegex: Bool) -> JSONValue {
    .object([
      JSONMember("type", .string("ByteLevel")),
      JSONMember("add_prefix_space", .bool(usesRegex)),
      JSONMember("trim_offsets", .bool(true)),
      JSONMember("use_regex", .bool(usesRegex)),
    ])
  }
}
