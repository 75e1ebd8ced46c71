import FulcrumKernel

/// Reads the sizes and constants of a llama model from a GGUF file's metadata.
enum GGUFShape {
  /// Returns the shape of the file's model, which is tied if there is no `output.weight`.
  ///
  /// - Throws: `.checkpoint` for a missing or wrong key, `.unsupported` for anything that the plain
  ///   Llama architecture doesn't compute, `.configuration` if the sizes don't fit each other.
  static func read(
    _ file: GGUFFile, endToken: Int32, padToken: Int32
  ) throws(FulcrumError) -> ModelShape {
    let metadata = file.metadata
    let architecture = try metadata.text("general.architecture")
    guard architecture == "llama" else {
      throw FulcrumError(
        .unsupported,
        "'general.architecture' is \(GGUFValue.text(architecture).excerpt), expected \"llama\"",
        hint: "other families order and name their tensors differently")
    }
    try refuseVariants(metadata)
    let headCount = try size("attention.head_count", metadata)
    let width = try size("embedding_length", metadata)
    let shape = ModelShape(
      vocabularySize: try size("vocab_size", metadata), width: width,
      layerCount: try size("block_count", metadata), headCount: headCount,
      keyValueHeadCount: try size("attention.head_count_kv", metadata),
      headSize: try headSize(metadata, width: width, headCount: headCount),
      hiddenWidth: try size("feed_forward_length", metadata),
      contextLength: try size("context_length", metadata),
      ropeTheta: try metadata.decimal("llama.rope.freq_base"),
      normEpsilon: try metadata.decimal("llama.attention.layer_norm_rms_epsilon"),
      isTied: file.tensors["output.weight"] == nil, endToken: endToken, padToken: padToken)
    try shape.validate(at: "metadata")
    return shape
  }

  /// Returns a size, of at most what `ModelShape` allows.
  private static func size(
    _ key: String, _ metadata: GGUFMetadata
  ) throws(FulcrumError) -> Int {
    try metadata.integer("llama." + key, in: 1...1 << 20)
  }

  private static func headSize(
    _ metadata: GGUFMetadata, width: Int, headCount: Int
  ) throws(FulcrumError) -> Int {
    let headSize: Int
    if metadata["llama.attention.key_length"] != nil {
      headSize = try size("attention.key_length", metadata)
    } else {
      guard width % headCount == 0 else {
        throw FulcrumError(
          .checkpoint,
          "'llama.embedding_length' must be a multiple of 'llama.attention.head_count', got"
            + " \(width) and \(headCount)")
      }
      headSize = width / headCount
    }
    for key in ["attention.value_length", "rope.dimension_count"]
    where metadata["llama." + key] != nil {
      let got = try size(key, metadata)
      guard got == headSize else {
        throw FulcrumError(
          .unsupported, "'llama.\(key)' is \(got), expected the size of a head, \(headSize)")
      }
    }
    return headSize
  }

  /// Refuses keys that change the computation: some by any value but one, others by being there.
  private static func refuseVariants(_ metadata: GGUFMetadata) throws(FulcrumError) {
    let plain: [(key: String, value: Double?)] = [
      ("expert_count", 0), ("rope.scaling.factor", 1), ("rope.scale_linear", 1),
      ("logit_scale", 1), ("residual_scale", 1), ("embedding_scale", 1),
      ("attention.scale", nil), ("attention.sliding_window", nil),
    ]
    for (suffix, expected) in plain {
      let key = "llama." + suffix
      guard let value = metadata[key] else { continue }
      guard let expected, value.number == expected else {
        throw unsupported(key, value, expected.map { "\(Int($0))" } ?? "none")
      }
    }
    let key = "llama.rope.scaling.type"
    if let value = metadata[key], try metadata.text(key) != "none" {
      throw unsupported(key, value, "\"none\"")
    }
  }

  private static func unsupported(
    _ key: String, _ value: GGUFValue, _ expected: String
  ) -> FulcrumError {
    FulcrumError(
      .unsupported, "'\(key)' is \(value.excerpt), expected \(expected)",
      hint: "the plain Llama architecture is what can be imported")
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
