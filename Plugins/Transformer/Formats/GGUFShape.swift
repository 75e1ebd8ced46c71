import FulcrumKernel

/// Reads the sizes and constants of a model from a GGUF file's metadata, whose keys begin with the
/// architecture's name.
struct GGUFShape {
  private let metadata: GGUFMetadata
  private let family: ModelFamily

  /// Returns the shape of the file's model, which is tied if there is no `output.weight`.
  ///
  /// - Throws: `.checkpoint` for a missing or wrong key, `.unsupported` for anything that the
  ///   family's plain architecture doesn't compute, `.configuration` if the sizes don't fit each
  ///   other.
  static func read(
    _ file: GGUFFile, tokenizer: GGUFTokenizer
  ) throws(FulcrumError) -> ModelShape {
    let family = try family(file.metadata)
    return try GGUFShape(metadata: file.metadata, family: family).read(file, tokenizer)
  }

  private static func family(_ metadata: GGUFMetadata) throws(FulcrumError) -> ModelFamily {
    let name = try metadata.text("general.architecture")
    // The families have the same names in llama.cpp and in Hugging Face's `model_type`.
    guard let family = ModelFamily(rawValue: name) else {
      let known = ModelFamily.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw FulcrumError(
        .unsupported,
        "'general.architecture' is \(GGUFValue.text(name).excerpt), expected one of \(known)",
        hint: "other families order and name their tensors differently")
    }
    return family
  }

  private func read(
    _ file: GGUFFile, _ tokenizer: GGUFTokenizer
  ) throws(FulcrumError) -> ModelShape {
    try refuseVariants()
    let headCount = try size("attention.head_count")
    let width = try size("embedding_length")
    let headSize = try headSize(width: width, headCount: headCount)
    let theta = try metadata.decimal(key("rope.freq_base"))
    var shape = ModelShape(
      family: family,
      // llama.cpp's converter writes the key for llama alone; everywhere rows and tokens are as many.
      vocabularySize: metadata[key("vocab_size")] == nil
        ? tokenizer.count : try size("vocab_size"),
      width: width,
      layerCount: try size("block_count"), headCount: headCount,
      keyValueHeadCount: try size("attention.head_count_kv"), headSize: headSize,
      hiddenWidth: try size("feed_forward_length"),
      contextLength: try size("context_length"), ropeTheta: theta,
      normEpsilon: try metadata.decimal(key("attention.layer_norm_rms_epsilon")),
      isTied: file.tensors["output.weight"] == nil, endToken: tokenizer.endToken,
      padToken: tokenizer.padToken)
    try shape.validate(at: "metadata")
    shape.ropeScaling = try GGUFRope(file: file, shape: shape).scaling()
    return shape
  }

  private func key(_ suffix: String) -> String { family.rawValue + "." + suffix }

  /// Returns a size, of at most what `ModelShape` allows.
  private func size(_ suffix: String) throws(FulcrumError) -> Int {
    try metadata.integer(key(suffix), in: 1...1 << 20)
  }

  private func headSize(width: Int, headCount: Int) throws(FulcrumError) -> Int {
    let headSize: Int
    if metadata[key("attention.key_length")] != nil {
      headSize = try size("attention.key_length")
    } else {
      guard width % headCount == 0 else {
        throw FulcrumError(
          .checkpoint,
          "'\(key("embedding_length"))' must be a multiple of '\(key("attention.head_count"))',"
            + " got \(width) and \(headCount)")
      }
      headSize = width / headCount
    }
    for suffix in ["attention.value_length", "rope.dimension_count"]
    where metadata[key(suffix)] != nil {
      let got = try size(suffix)
      guard got == headSize else {
        throw FulcrumError(
          .unsupported, "'\(key(suffix))' is \(got), expected the size of a head, \(headSize)")
      }
    }
    return headSize
  }

  /// Refuses keys that change the computation: some by any value but one, others by being there.
  private func refuseVariants() throws(FulcrumError) {
    let plain: [(suffix: String, value: Double?)] = [
      ("expert_count", 0), ("logit_scale", 1), ("residual_scale", 1), ("embedding_scale", 1),
      ("rope.scaling.attn_factor", 1), ("attention.scale", nil), ("attention.sliding_window", nil),
    ]
    for (suffix, expected) in plain {
      guard let value = metadata[key(suffix)] else { continue }
      guard let expected, value.number == expected else {
        throw FulcrumError(
          .unsupported,
          "'\(key(suffix))' is \(value.excerpt), expected \(expected.map { "\(Int($0))" } ?? "none")",
          hint: "the plain \(family.title) architecture is what can be imported")
      }
    }
  }
}

extension GGUFValue {
  /// The value of a number of any type; nil for any other value.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .float(let value): Double(value)
    case .double(let value): value
    case .bool, .text, .array: nil
    }
  }
}
