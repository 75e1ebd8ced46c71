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

  /// Checks that the model is a BPE without switches that aren't known.
  ///
  /// - Throws: `.unsupported`, naming the switch.
  func checkModel(_ spelling: TokenSpelling) throws(FulcrumError) {
    if spelling == .byteAlphabet, model.present("byte_fallback") != nil {
      try TokenizerFault.require("the model", model, "byte_fallback", .bool(false))
    }
    var unused = ["dropout", "continuing_subword_prefix", "end_of_word_suffix"]
    // Of bytes none is unknown. "fuse_unk" is about an unknown token too.
    if spelling == .byteAlphabet { unused.insert("unk_token", at: 1) }
    for key in unused {
      // Older files have an empty prefix and suffix, which do nothing.
      if let value = model.present(key), value != .string(""), value.double != 0 {
        throw TokenizerFault.unsupported("the model has \(key) \(value.excerpt), expected null")
      }
    }
  }

  /// - Throws: `.unsupported` for another kind of model.
  func checkModelType() throws(FulcrumError) {
    // Files of old versions of the library leave the type out.
    if model.present("type") != nil || model["merges"] == nil {
      try TokenizerFault.require("the model", model, "type", .string("BPE"))
    }
  }

  /// Tells whether a piece that is a token as a whole becomes that token without a look at the
  /// merges.
  func ignoresMerges() throws(FulcrumError) -> Bool { try flag("ignore_merges") }

  /// Returns a switch of the model, which may be missing.
  func flag(_ key: String) throws(FulcrumError) -> Bool {
    try TokenizerFault.flag("the model", model, key, absent: false)
  }
}
