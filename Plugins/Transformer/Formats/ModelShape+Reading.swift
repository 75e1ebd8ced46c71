import FulcrumKernel

extension ModelShape {
  /// Reads `config.json`.
  ///
  /// Whatever would change the computation and isn't implemented is refused by name; keys that are
  /// absent have the defaults of transformers' `LlamaConfig`.
  ///
  /// - Throws: `.notFound` without the file, `.checkpoint` if it isn't valid, `.unsupported` for
  ///   another model, `.configuration` if the sizes don't fit each other.
  package static func read(fromFolder folder: String) throws(FulcrumError) -> ModelShape {
    let path = folder + "/config.json"
    let config = ConfigFile(path: path, json: try ReadableFile.json(path))
    try config.refuseOtherModels()
    let width = try config.size("hidden_size")
    let headCount = try config.size("num_attention_heads")
    let endToken = try config.endToken()
    let shape = ModelShape(
      vocabularySize: try config.size("vocab_size"), width: width,
      layerCount: try config.size("num_hidden_layers"), headCount: headCount,
      keyValueHeadCount: try config.size("num_key_value_heads", default: headCount),
      // A head count of zero is refused by `validate`, by its own name.
      headSize: try config.size("head_dim", default: width / max(headCount, 1)),
      hiddenWidth: try config.size("intermediate_size"),
      contextLength: try config.size("max_position_embeddings", default: 2048),
      ropeTheta: try config.ropeTheta(),
      normEpsilon: try config.number("rms_norm_eps", default: 1e-6),
      isTied: try config.flag("tie_word_embeddings"),
      endToken: endToken,
      padToken: try config.token("pad_token_id") ?? endToken)
    try shape.validate(at: path)
    return shape
  }
}

/// The keys of one `config.json`.
private struct ConfigFile {
  let path: String
  let json: JSONValue

  func refuseOtherModels() throws(FulcrumError) {
    guard json.members != nil else {
      throw FulcrumError(.checkpoint, "expected an object, got \(json.excerpt)", at: path)
    }
    guard let family = json.present("model_type")?.text else {
      throw FulcrumError(.checkpoint, "there is no model_type", at: path)
    }
    guard family == "llama" else {
      throw unsupported("model_type is '\(family)', expected 'llama'")
    }
    if let names = json.present("architectures"), names != .array([.string("LlamaForCausalLM")]) {
      throw unsupported("architectures is \(names.excerpt), expected [\"LlamaForCausalLM\"]")
    }
    // Each of these has one value for which the plain model computes the right thing.
    let plain: [(key: String, value: JSONValue)] = [
      ("hidden_act", .string("silu")), ("attention_bias", .bool(false)),
      ("mlp_bias", .bool(false)), ("rope_interleaved", .bool(false)),
      ("use_sliding_window", .bool(false)), ("is_encoder_decoder", .bool(false)),
      ("add_cross_attention", .bool(false)),
    ]
    for (key, value) in plain {
      if let got = json.present(key), got != value {
        throw unsupported("\(key) is \(got.excerpt), expected \(value.excerpt)")
      }
    }
    for (key, value) in [("attention_dropout", 0.0), ("partial_rotary_factor", 1.0)] {
      if let got = json.present(key), got.double != value {
        throw unsupported("\(key) is \(got.excerpt), expected \(value)")
      }
    }
    for key in ["rope_scaling", "quantization_config", "sliding_window"] {
      if let got = json.present(key) {
        throw unsupported("\(key) is \(got.excerpt), expected null")
      }
    }
  }

  private func unsupported(_ message: String) -> FulcrumError {
    FulcrumError(
      .unsupported, message, at: path,
      hint: "this policy computes the plain Llama architecture only")
  }

  private func wrong(_ key: String, _ expected: String, _ got: JSONValue?) -> FulcrumError {
    FulcrumError(
      .checkpoint, "\(key) must be \(expected), got \(got?.excerpt ?? "nothing")", at: path)
  }

  func size(_ key: String, default fallback: Int? = nil) throws(FulcrumError) -> Int {
    let value = json.present(key)
    if value == nil, let fallback { return fallback }
    guard let size = value?.integer else { throw wrong(key, "an integer", value) }
    return size
  }

  func number(_ key: String, default fallback: Double) throws(FulcrumError) -> Double {
    guard let value = json.present(key) else { return fallback }
    guard let number = value.double else { throw wrong(key, "a number", value) }
    return number
  }

  func flag(_ key: String) throws(FulcrumError) -> Bool {
    guard let value = json.present(key) else { return false }
    guard let flag = value.bool else { throw wrong(key, "true or false", value) }
    return flag
  }

  func token(_ key: String) throws(FulcrumError) -> Int32? {
    guard let value = json.present(key) else { return nil }
    guard let token = value.integer.flatMap({ Int32(exactly: $0) }) else {
      throw wrong(key, "a token number", value)
    }
    return token
  }

  func endToken() throws(FulcrumError) -> Int32 {
    let key = "eos_token_id"
    let value = json.present(key)
    if let several = value?.elements, several.count != 1 {
      throw unsupported("\(key) lists \(several.count) tokens, expected one")
    }
    let single = value?.elements?.first ?? value
    guard let token = single?.integer.flatMap({ Int32(exactly: $0) }) else {
      throw wrong(key, "a token number", value)
    }
    return token
  }

  /// At the top level, where transformers 4 writes it, or in `rope_parameters`, where version 5
  /// does.
  func ropeTheta() throws(FulcrumError) -> Double {
    let fallback = 10_000.0
    guard let rope = json.present("rope_parameters") else {
      return try number("rope_theta", default: fallback)
    }
    guard let members = rope.members else { throw wrong("rope_parameters", "an object", rope) }
    for member in members where member.value != .null {
      switch member.key {
      case "rope_theta": break
      case "rope_type" where member.value == .string("default"): break
      case "partial_rotary_factor" where member.value.double == 1: break
      default:
        throw unsupported("rope_parameters has \(member.key) \(member.value.excerpt)")
      }
    }
    guard let inner = rope.present("rope_theta") else {
      return try number("rope_theta", default: fallback)
    }
    guard let theta = inner.double else {
      throw wrong("rope_parameters.rope_theta", "a number", inner)
    }
    let outer = try number("rope_theta", default: theta)
    guard outer == theta else {
      throw FulcrumError(
        .checkpoint, "rope_theta is \(outer), but \(theta) in rope_parameters", at: path)
    }
    return theta
  }
}
