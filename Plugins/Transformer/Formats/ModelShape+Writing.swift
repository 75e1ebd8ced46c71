import FulcrumKernel

extension ModelShape {
  /// Writes `config.json` and `generation_config.json`, which transformers opens as a
  /// `LlamaForCausalLM`.
  ///
  /// `rope_theta` and `dtype` are written twice, under their names in transformers 4 and 5.
  ///
  /// - Parameter precision: of the folder's safetensors file.
  /// - Throws: `.configuration` if the shape isn't valid, `.inputOutput` if the system fails.
  package func write(
    toFolder folder: String, precision: TensorPrecision
  ) throws(FulcrumError) {
    let path = folder + "/config.json"
    try validate(at: path)
    let dtype = JSONValue.string(precision.huggingFaceName)
    try WritableFile.write(
      json: .object([
        JSONMember("architectures", .array([.string("LlamaForCausalLM")])),
        JSONMember("attention_bias", .bool(false)),
        JSONMember("attention_dropout", .number(0)),
        JSONMember("bos_token_id", .null),
        JSONMember("dtype", dtype),
        JSONMember("eos_token_id", .integer(Int(endToken))),
        JSONMember("head_dim", .integer(headSize)),
        JSONMember("hidden_act", .string("silu")),
        JSONMember("hidden_size", .integer(width)),
        JSONMember("initializer_range", .number(0.02)),
        JSONMember("intermediate_size", .integer(hiddenWidth)),
        JSONMember("max_position_embeddings", .integer(contextLength)),
        JSONMember("mlp_bias", .bool(false)),
        JSONMember("model_type", .string("llama")),
        JSONMember("num_attention_heads", .integer(headCount)),
        JSONMember("num_hidden_layers", .integer(layerCount)),
        JSONMember("num_key_value_heads", .integer(keyValueHeadCount)),
        JSONMember("pad_token_id", .integer(Int(padToken))),
        JSONMember("rms_norm_eps", .number(normEpsilon)),
        JSONMember(
          "rope_parameters",
          .object([
            JSONMember("rope_theta", .number(ropeTheta)),
            JSONMember("rope_type", .string("default")),
          ])),
        JSONMember("rope_theta", .number(ropeTheta)),
        JSONMember("tie_word_embeddings", .bool(isTied)),
        JSONMember("torch_dtype", dtype),
        JSONMember("use_cache", .bool(true)),
        JSONMember("vocab_size", .integer(vocabularySize)),
      ]), path: path)
    try WritableFile.write(
      json: .object([
        JSONMember("eos_token_id", .integer(Int(endToken))),
        JSONMember("pad_token_id", .integer(Int(padToken))),
      ]), path: folder + "/generation_config.json")
  }
}
