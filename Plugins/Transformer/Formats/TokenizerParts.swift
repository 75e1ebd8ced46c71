import JSON

/// Makes parts of a `tokenizer.json` that is written anew.
enum TokenizerParts {
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
