import FulcrumKernel
import Testing
import TransformerFormats

/// Tests the differences between the families' `config.json`.
struct ModelShapeFamilyTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ family: String, _ more: String = "") throws -> ModelShape {
    try folder.write(
      """
      {"model_type": "\(family)", "vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 2,
       "num_attention_heads": 4, "intermediate_size": 176, "eos_token_id": 2\(more)}
      """, "config.json")
    return try ModelShape.read(fromFolder: folder.path)
  }

  private func message(_ family: String, _ more: String) throws -> String {
    try fault { try read(family, ", " + more) }.line
  }

  @Test func `qwen2 and qwen3 have the defaults of their classes`() throws {
    // Qwen2Config and Qwen3Config of transformers 5.23: 32 key heads, 32768 positions; Qwen3 has
    // heads of 128. A null means as many key heads as query heads.
    let qwen2 = try read("qwen2", ", \"num_key_value_heads\": null")
    #expect(qwen2.family == .qwen2)
    #expect(qwen2.keyValueHeadCount == 4)
    #expect(qwen2.headSize == 16)
    #expect(qwen2.contextLength == 32_768)
    #expect(!qwen2.isTied)
    let qwen3 = try read("qwen3", ", \"num_key_value_heads\": 2")
    #expect(qwen3.family == .qwen3)
    #expect(qwen3.headSize == 128)
    #expect(qwen3.keyValueHeadCount == 2)
    for family in ["qwen2", "qwen3"] {
      #expect(
        try fault { try read(family) }.line
          == "[configuration] config.json: num_attention_heads must be a multiple of"
          + " num_key_value_heads, got 4 and 32")
    }
    #expect(try read("llama").keyValueHeadCount == 4)
  }

  @Test func `a window that is switched off is no window`() throws {
    let off = """
      , "num_key_value_heads": 4, "sliding_window": 4096, "use_sliding_window": false,
      "max_window_layers": 28, "layer_types": ["full_attention", "full_attention"]
      """
    #expect(try read("qwen2", off).family == .qwen2)
    #expect(try read("qwen3", off).family == .qwen3)
  }

  @Test func `what a family doesn't compute is refused by name`() throws {
    for family in ["qwen2", "qwen3"] {
      #expect(
        try message(family, "\"use_sliding_window\": true")
          == "[unsupported] config.json: use_sliding_window is true, expected false")
      #expect(
        try message(family, #""layer_types": ["sliding_attention"]"#)
          == "[unsupported] config.json: layer_types has \"sliding_attention\", expected"
          + " \"full_attention\" only")
      #expect(
        try message(family, "\"hidden_act\": \"gelu\"")
          == "[unsupported] config.json: hidden_act is \"gelu\", expected \"silu\"")
    }
    #expect(
      try message("qwen2", "\"attention_bias\": false")
        == "[unsupported] config.json: attention_bias is false, expected true")
    #expect(
      try message("qwen3", "\"attention_bias\": true")
        == "[unsupported] config.json: attention_bias is true, expected false")
    #expect(
      try message("qwen3", "\"architectures\": [\"Qwen3ForSequenceClassification\"]")
        == "[unsupported] config.json: architectures is [\"Qwen3ForSequenceClassification\"],"
        + " expected [\"Qwen3ForCausalLM\"]")
    let error = try fault { try read("qwen3_moe") }
    #expect(
      error.description.split(separator: "\n").last
        == "  hint: this policy computes plain Llama, Qwen2 and Qwen3 models only")
  }

  /// Keys of models that descend from Llama, under whose `model_type` some are published.
  @Test(arguments: [
    ("quantization", #"{"bits":4}"#, "null"), ("quantization_config", "{}", "null"),
    ("num_local_experts", "8", "null"), ("num_experts", "8", "null"),
    ("n_routed_experts", "8", "null"), ("attn_logit_softcapping", "50", "null"),
    ("final_logit_softcapping", "30", "null"), ("attention_multiplier", "0.5", "null"),
    ("query_pre_attn_scalar", "256", "null"), ("clip_qkv", "8", "null"),
    ("no_rope_layers", "[1]", "null"), ("attention_chunk_size", "8192", "null"),
    ("embedding_multiplier", "12", "1.0"), ("residual_multiplier", "0.22", "1.0"),
    ("logits_scaling", "8", "1.0"), ("logit_scale", "\"x\"", "1.0"),
    ("partial_rotary_factor", "0.5", "1.0"), ("attention_dropout", "0.1", "0.0"),
  ])
  func `a key that changes the computation is refused in every family`(
    _ key: String, _ value: String, _ expected: String
  ) throws {
    for family in ModelFamily.allCases {
      #expect(
        try message(family.rawValue, "\"\(key)\": \(value)")
          == "[unsupported] config.json: \(key) is \(value), expected \(expected)")
      #expect(
        try read(family.rawValue, ", \"num_key_value_heads\": 4, \"\(key)\": null").family == family
      )
    }
  }
}
