/// Lists the architectures that the policy computes, under their names in `model_type`.
package enum ModelFamily: String, CaseIterable, Sendable {
  case llama, qwen2, qwen3

  /// The class in transformers, `architectures` of `config.json`.
  package var architecture: String {
    switch self {
    case .llama: "LlamaForCausalLM"
    case .qwen2: "Qwen2ForCausalLM"
    case .qwen3: "Qwen3ForCausalLM"
    }
  }

  /// The name in messages.
  var title: String {
    switch self {
    case .llama: "Llama"
    case .qwen2: "Qwen2"
    case .qwen3: "Qwen3"
    }
  }

  /// Whether the projections to queries, keys and values add a bias; no other product has one.
  ///
  /// - Source: Qwen2, arXiv 2407.10671, section 2.2.1.
  package var hasQueryKeyValueBias: Bool { self == .qwen2 }

  /// Whether each head's query and key pass an RMSNorm before they are rotated.
  ///
  /// - Source: Qwen3, arXiv 2505.09388, section 2.
  package var normalizesHeads: Bool { self == .qwen3 }

  /// `rms_norm_eps` of a fresh model, as published models of the family have it.
  package var freshNormEpsilon: Double { self == .llama ? 1e-5 : 1e-6 }

  /// `max_position_embeddings` where `config.json` has none, as in transformers.
  var defaultContextLength: Int { self == .llama ? 2048 : 32_768 }

  /// `num_key_value_heads` where the key is absent, as in transformers; `nil`: as many as heads.
  var defaultKeyValueHeadCount: Int? { self == .llama ? nil : 32 }

  /// `head_dim` where there is none, as in transformers; `nil`: width over heads.
  var defaultHeadSize: Int? { self == .qwen3 ? 128 : nil }
}
