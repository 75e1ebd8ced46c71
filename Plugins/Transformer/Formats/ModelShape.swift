import FulcrumKernel

/// Holds the sizes and constants of a Llama-style model: its `config.json`.
package struct ModelShape: Sendable, Equatable {
  /// `model_type`.
  package var family: ModelFamily
  /// Rows of the embedding, `vocab_size`; the tokenizer may use fewer.
  package var vocabularySize: Int
  /// `hidden_size`.
  package var width: Int
  /// `num_hidden_layers`.
  package var layerCount: Int
  /// Query heads, `num_attention_heads`.
  package var headCount: Int
  /// `num_key_value_heads`; each serves `headCount / keyValueHeadCount` query heads.
  package var keyValueHeadCount: Int
  /// `head_dim`; even, since rotary positions turn pairs.
  package var headSize: Int
  /// Inner width of the feed-forward layer, `intermediate_size`.
  package var hiddenWidth: Int
  /// Longest sequence in tokens, `max_position_embeddings`.
  package var contextLength: Int
  /// Base of the rotary wavelengths, `rope_theta`.
  package var ropeTheta: Double
  /// `rope_scaling`, or the other members of `rope_parameters`.
  package var ropeScaling: RopeScaling
  /// Added to the mean square in RMSNorm, `rms_norm_eps`.
  package var normEpsilon: Double
  /// Whether the head shares the embedding's weights, `tie_word_embeddings`.
  package var isTied: Bool
  /// Ends a completion and a demonstration: the first `eos_token_id`.
  package var endToken: Int32
  /// End a completion too: the further tokens of an `eos_token_id` that is a list.
  package var otherEndTokens: [Int32]
  /// `pad_token_id`; the end token where a file has none, since nothing here is padded.
  package var padToken: Int32

  /// Makes a shape as given; `validate(at:)` checks that it is possible.
  package init(
    family: ModelFamily = .llama, vocabularySize: Int, width: Int, layerCount: Int, headCount: Int,
    keyValueHeadCount: Int, headSize: Int, hiddenWidth: Int, contextLength: Int, ropeTheta: Double,
    ropeScaling: RopeScaling = .none, normEpsilon: Double, isTied: Bool, endToken: Int32,
    otherEndTokens: [Int32] = [], padToken: Int32
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.width = width
    self.layerCount = layerCount
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headSize = headSize
    self.hiddenWidth = hiddenWidth
    self.contextLength = contextLength
    self.ropeTheta = ropeTheta
    self.ropeScaling = ropeScaling
    self.normEpsilon = normEpsilon
    self.isTied = isTied
    self.endToken = endToken
    self.otherEndTokens = otherEndTokens
    self.padToken = padToken
  }

  /// Every token that ends a completion.
  package var endTokens: [Int32] { [endToken] + otherEndTokens }

  /// The limit of a size: a larger one is taken for damage, and products of three sizes stay within
  /// an `Int`.
  private static let sizeLimit = 1 << 20

  /// Checks that the sizes are possible and fit each other.
  ///
  /// - Parameter location: the place, for errors.
  /// - Throws: `.configuration`, naming the key of `config.json`.
  package func validate(at location: String) throws(FulcrumError) {
    let sizes = [
      ("vocab_size", vocabularySize), ("hidden_size", width), ("num_hidden_layers", layerCount),
      ("num_attention_heads", headCount), ("num_key_value_heads", keyValueHeadCount),
      ("head_dim", headSize), ("intermediate_size", hiddenWidth),
      ("max_position_embeddings", contextLength),
    ]
    for (key, size) in sizes where !(1...Self.sizeLimit).contains(size) {
      throw FulcrumError(
        .configuration, "\(key) must be from 1 to \(Self.sizeLimit), got \(size)", at: location)
    }
    guard headCount % keyValueHeadCount == 0 else {
      throw FulcrumError(
        .configuration,
        "num_attention_heads must be a multiple of num_key_value_heads, got \(headCount) and"
          + " \(keyValueHeadCount)", at: location)
    }
    guard headSize % 2 == 0 else {
      throw FulcrumError(
        .configuration, "head_dim must be even, got \(headSize)", at: location,
        hint: "rotary positions turn pairs of a head's components")
    }
    for (key, value) in [("rope_theta", ropeTheta), ("rms_norm_eps", normEpsilon)]
    where !(value > 0 && value.isFinite) {
      throw FulcrumError(
        .configuration, "\(key) must be a positive number, got \(value)", at: location)
    }
    let tokens = endTokens.map { ("eos_token_id", $0) } + [("pad_token_id", padToken)]
    for (key, token) in tokens
    where !(0..<vocabularySize).contains(Int(token)) {
      throw FulcrumError(
        .configuration, "\(key) must be from 0 to \(vocabularySize - 1), got \(token)",
        at: location)
    }
  }
}
