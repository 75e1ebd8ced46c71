import FulcrumKernel
import JSON

extension ModelShape {
  /// Writes `config.json` and `generation_config.json`, which transformers opens as the family's
  /// class, for a model that was not read from such files.
  ///
  /// - Parameter precision: the precision of the folder's safetensors file.
  /// - Throws: `.configuration` if the shape isn't valid, `.inputOutput` if the system fails.
  package func write(
    toFolder folder: String, precision: TensorPrecision
  ) throws(FulcrumError) {
    let files = ConfigurationFiles(config: config, generation: generation, folder: folder)
    try validate(at: files.config.path)
    try files.write(toFolder: folder, precision: precision)
  }

  private var endTokenIDs: JSONValue {
    otherEndTokens.isEmpty
      ? .integer(Int(endToken)) : .array(endTokens.map { .integer(Int($0)) })
  }

  private var generation: JSONValue {
    .object([
      JSONMember("eos_token_id", endTokenIDs),
      JSONMember("pad_token_id", .integer(Int(padToken))),
    ])
  }

  /// `rope_theta` is written twice, where transformers 4 and 5 look for it.
  private var config: JSONValue {
    .object(
      [
        JSONMember("architectures", .array([.string(family.architecture)])),
        JSONMember("attention_dropout", .number(0)),
        JSONMember("bos_token_id", .null),
        JSONMember("eos_token_id", endTokenIDs),
        JSONMember("head_dim", .integer(headSize)),
        JSONMember("hidden_act", .string("silu")),
        JSONMember("hidden_size", .integer(width)),
        JSONMember("initializer_range", .number(0.02)),
        JSONMember("intermediate_size", .integer(hiddenWidth)),
        JSONMember("max_position_embeddings", .integer(contextLength)),
        JSONMember("model_type", .string(family.rawValue)),
        JSONMember("num_attention_heads", .integer(headCount)),
        JSONMember("num_hidden_layers", .integer(layerCount)),
        JSONMember("num_key_value_heads", .integer(keyValueHeadCount)),
        JSONMember("pad_token_id", .integer(Int(padToken))),
        JSONMember("rms_norm_eps", .number(normEpsilon)),
        JSONMember("rope_theta", .number(ropeTheta)),
        JSONMember("tie_word_embeddings", .bool(isTied)),
        JSONMember("use_cache", .bool(true)),
        JSONMember("vocab_size", .integer(vocabularySize)),
      ] + ropeMembers + familyMembers)
  }

  private var familyMembers: [JSONMember] {
    switch family {
    case .llama:
      [JSONMember("attention_bias", .bool(false)), JSONMember("mlp_bias", .bool(false))]
    case .qwen2: [JSONMember("use_sliding_window", .bool(false))]
    case .qwen3:
      [JSONMember("attention_bias", .bool(false)), JSONMember("use_sliding_window", .bool(false))]
    }
  }

  private var ropeMembers: [JSONMember] {
    let kind: String
    var members: [JSONMember]
    switch ropeScaling {
    case .none:
      kind = "default"
      members = []
    case .linear(let factor):
      kind = "linear"
      members = [JSONMember("factor", .number(factor))]
    case .llama3(let llama3):
      kind = "llama3"
      members = [
        JSONMember("factor", .number(llama3.factor)),
        JSONMember("high_freq_factor", .number(llama3.highFrequencyFactor)),
        JSONMember("low_freq_factor", .number(llama3.lowFrequencyFactor)),
        JSONMember("original_max_position_embeddings", .integer(llama3.originalContextLength)),
      ]
    case .yarn(let yarn):
      kind = "yarn"
      members = [
        JSONMember("attention_factor", .number(yarn.attentionFactor)),
        JSONMember("beta_fast", .number(yarn.fastTurns)),
        JSONMember("beta_slow", .number(yarn.slowTurns)),
        JSONMember("factor", .number(yarn.factor)),
        JSONMember("original_max_position_embeddings", .integer(yarn.originalContextLength)),
        JSONMember("truncate", .bool(yarn.isTruncated)),
      ]
    }
    members.append(JSONMember("rope_type", .string(kind)))
    let old = ropeScaling == .none ? JSONValue.null : .object(members)
    members.append(JSONMember("rope_theta", .number(ropeTheta)))
    return [JSONMember("rope_parameters", .object(members)), JSONMember("rope_scaling", old)]
  }
}
