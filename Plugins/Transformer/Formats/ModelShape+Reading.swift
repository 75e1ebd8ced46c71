import FulcrumKernel
import JSON

extension ModelShape {
  /// Reads `config.json`, and the end tokens of `generation_config.json` if there is one.
  ///
  /// - Throws: `.notFound` without the file, and what `init(_:)` throws.
  package static func read(fromFolder folder: String) throws(FulcrumError) -> ModelShape {
    try ModelShape(ConfigurationFiles(folder: folder))
  }

  /// Reads the shape that a checkpoint's files describe.
  ///
  /// A setting that would change the computation and isn't implemented is refused by name. Absent
  /// keys have the defaults of the family's class in transformers.
  ///
  /// - Throws: `.checkpoint` if a value isn't valid, `.unsupported` for another model,
  ///   `.configuration` if the sizes don't fit each other.
  package init(_ files: ConfigurationFiles) throws(FulcrumError) {
    let config = files.config
    let family = try config.family()
    try config.refuseOtherModels(than: family)
    let width = try config.size("hidden_size")
    let headCount = try config.size("num_attention_heads")
    let contextLength = try config.size(
      "max_position_embeddings", default: family.defaultContextLength)
    let rope = try config.rope(contextLength: contextLength)
    let endTokens = try files.endTokens()
    let vocabularySize = try config.size("vocab_size")
    // Nothing here is padded, so a number that stands for no token, such as -1, does no harm.
    let padToken = try config.token("pad_token_id").flatMap {
      (0..<max(0, vocabularySize)).contains(Int($0)) ? $0 : nil
    }
    self.init(
      family: family, vocabularySize: vocabularySize, width: width,
      layerCount: try config.size("num_hidden_layers"), headCount: headCount,
      keyValueHeadCount: try config.keyValueHeadCount(family, headCount: headCount),
      // A head count of zero is refused by `validate`, by its own name.
      headSize: try config.size(
        "head_dim", default: family.defaultHeadSize ?? width / max(headCount, 1)),
      hiddenWidth: try config.size("intermediate_size"), contextLength: contextLength,
      ropeTheta: rope.theta, ropeScaling: rope.scaling,
      normEpsilon: try config.number("rms_norm_eps", default: 1e-6),
      isTied: try config.flag("tie_word_embeddings"), endToken: endTokens[0],
      otherEndTokens: Array(endTokens.dropFirst()),
      padToken: padToken ?? endTokens[0])
    try validate(at: config.path)
  }
}

extension ConfigurationFiles {
  /// Returns the end tokens of `config.json`, then those that only `generation_config.json` names.
  /// transformers stops at the latter, and chat models list the end of a turn there. A number below 0
  /// stands for no token.
  fileprivate func endTokens() throws(FulcrumError) -> [Int32] {
    let key = "eos_token_id"
    var tokens: [Int32] = []
    for token in try config.tokens(key) + (generation?.tokens(key) ?? [])
    where token >= 0 && !tokens.contains(token) {
      tokens.append(token)
    }
    guard !tokens.isEmpty else {
      throw config.wrong(key, "a token number", config.json.present(key))
    }
    return tokens
  }
}

extension ConfigFile {
  /// The number of each of these keys that changes nothing. Most are keys of models that descend
  /// from Llama and are sometimes published under its `model_type`.
  private static let plainNumbers = [
    ("attention_dropout", 0.0), ("partial_rotary_factor", 1), ("embedding_multiplier", 1),
    ("residual_multiplier", 1), ("logits_scaling", 1), ("logit_scale", 1),
  ]

  /// The keys of models that aren't computed, unless their value is null.
  private static let foreignKeys = [
    "quantization_config", "quantization", "num_local_experts", "num_experts",
    "n_routed_experts", "attn_logit_softcapping", "final_logit_softcapping",
    "attention_multiplier", "query_pre_attn_scalar", "clip_qkv", "no_rope_layers",
    "attention_chunk_size",
  ]

  fileprivate func family() throws(FulcrumError) -> ModelFamily {
    guard let name = json.present("model_type")?.text else {
      throw FulcrumError(.checkpoint, "there is no model_type", at: path)
    }
    guard let family = ModelFamily(rawValue: name) else {
      let known = ModelFamily.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw unsupported("model_type is '\(name)', expected one of \(known)")
    }
    return family
  }

  fileprivate func refuseOtherModels(than family: ModelFamily) throws(FulcrumError) {
    let architectures = JSONValue.array([.string(family.architecture)])
    // Each of these has one value for which the family's plain model computes the right thing.
    let plain: [(key: String, value: JSONValue)] = [
      ("architectures", architectures), ("hidden_act", .string("silu")),
      ("attention_bias", .bool(family.hasQueryKeyValueBias)), ("mlp_bias", .bool(false)),
      ("rope_interleaved", .bool(false)), ("use_sliding_window", .bool(false)),
      ("is_encoder_decoder", .bool(false)), ("add_cross_attention", .bool(false)),
    ]
    for (key, value) in plain {
      if let got = json.present(key), got != value {
        throw unsupported("\(key) is \(got.excerpt), expected \(value.excerpt)")
      }
    }
    for (key, value) in Self.plainNumbers {
      if let got = json.present(key), got.double != value {
        throw unsupported("\(key) is \(got.excerpt), expected \(value)")
      }
    }
    // Qwen's files give a window that `use_sliding_window` switches off.
    let absent = Self.foreignKeys + (family == .llama ? ["sliding_window"] : [])
    for key in absent {
      if let got = json.present(key) {
        throw unsupported("\(key) is \(got.excerpt), expected null")
      }
    }
    for kind in json.present("layer_types")?.elements ?? [] where kind != .string("full_attention")
    {
      throw unsupported("layer_types has \(kind.excerpt), expected \"full_attention\" only")
    }
  }

  fileprivate func keyValueHeadCount(
    _ family: ModelFamily, headCount: Int
  ) throws(FulcrumError) -> Int {
    let key = "num_key_value_heads"
    // In transformers an absent key has the class's default, a null means as many as heads.
    let fallback = json[key] == nil ? family.defaultKeyValueHeadCount : nil
    return try size(key, default: fallback ?? headCount)
  }
}
