import FulcrumKernel
import JSON

/// Reads the parts of one `tokenizer.json` that are around the model.
struct TokenizerFile {
  let json: JSONValue
  let model: JSONValue

  init(json: JSONValue) {
    self.json = json
    model = json["model"] ?? .null
  }

  /// Tells whether the normalizer is NFC, or a Sequence of nothing else.
  func isComposing() throws(FulcrumError) -> Bool {
    guard let normalizer = json.present("normalizer") else { return false }
    let parts =
      normalizer["type"] == .string("Sequence")
      ? normalizer["normalizers"]?.elements ?? [normalizer] : [normalizer]
    guard parts.allSatisfy({ $0["type"] == .string("NFC") }) else {
      throw TokenizerFault.unsupported(
        "the normalizer is \(normalizer.excerpt), expected none or NFC")
    }
    return !parts.isEmpty
  }

  /// Returns the parts that are kept as they are, after checks of what must be as expected in them.
  func parts() throws(FulcrumError) -> TokenizerParts {
    let decoder = json["decoder"] ?? .null
    try TokenizerFault.require("the decoder", decoder, "type", .string("ByteLevel"))
    try checkModel()
    return TokenizerParts(
      truncation: json["truncation"] ?? .null, padding: json["padding"] ?? .null,
      normalizer: json["normalizer"] ?? .null, preTokenizer: json["pre_tokenizer"] ?? .null,
      postProcessor: json["post_processor"] ?? .null, decoder: decoder,
      modelSwitches: (model.members ?? []).filter { $0.key != "vocab" && $0.key != "merges" })
  }

  private func checkModel() throws(FulcrumError) {
    // Files of old versions of the library leave the type out.
    if model.present("type") != nil || model["merges"] == nil {
      try TokenizerFault.require("the model", model, "type", .string("BPE"))
    }
    if model.present("byte_fallback") != nil {
      try TokenizerFault.require("the model", model, "byte_fallback", .bool(false))
    }
    // "fuse_unk" is about an unknown token, which there is none of.
    for key in ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
      // Older files have an empty prefix and suffix, which do nothing.
      if let value = model.present(key), value != .string(""), value.double != 0 {
        throw TokenizerFault.unsupported("the model has \(key) \(value.excerpt), expected null")
      }
    }
  }

  /// Tells whether a piece that is a token as a whole becomes that token without a look at the
  /// merges.
  func ignoresMerges() throws(FulcrumError) -> Bool {
    model.present("ignore_merges") != nil
      ? try TokenizerFault.flag("the model", model, "ignore_merges") : false
  }
}
