import FulcrumKernel

/// Finds the tensors of Hugging Face's model in a GGUF file, and reads the model's sizes.
struct GGUFModel: Sendable {
  /// Holds a tensor under both names.
  struct Source: Sendable {
    let name: String
    let huggingFaceName: String
    let tensor: GGUFFile.Tensor
    /// The number of heads whose rows lie in pairs; nil where rows are in Hugging Face's order.
    let pairedHeads: Int?
  }

  let shape: ModelShape
  /// The tensors in the order in which the model uses them.
  let sources: [Source]

  /// Finds every tensor of the model.
  ///
  /// - Throws: `.checkpoint` for a missing key or tensor or a wrong size, `.unsupported` for
  ///   anything that the family's plain architecture doesn't compute, `.configuration` if the sizes
  ///   don't fit each other.
  init(_ file: GGUFFile, tokenizer: GGUFTokenizer) throws(FulcrumError) {
    shape = try GGUFShape.read(file, tokenizer: tokenizer)
    var finder = TensorFinder(file: file)
    try finder.find("token_embd", "model.embed_tokens", [shape.vocabularySize, shape.width])
    for layer in 0..<shape.layerCount { try finder.findLayer(layer, shape) }
    try finder.find("output_norm", "model.norm", [shape.width])
    if !shape.isTied {
      try finder.find("output", "lm_head", [shape.vocabularySize, shape.width])
    }
    // Read with the shape.
    if shape.family == .llama { finder.leaveOut(GGUFRope.factorsName) }
    try finder.refuseRest(shape.family)
    sources = finder.sources
  }
}

/// Takes tensors out of a file one by one.
private struct TensorFinder {
  private let file: GGUFFile
  private var left: Set<String>
  private(set) var sources: [GGUFModel.Source] = []

  init(file: GGUFFile) {
    self.file = file
    left = Set(file.tensors.keys)
  }

  mutating func findLayer(_ layer: Int, _ shape: ModelShape) throws(FulcrumError) {
    let from = "blk.\(layer)."
    let to = "model.layers.\(layer)."
    let (width, hidden) = (shape.width, shape.hiddenWidth)
    let queries = shape.headCount * shape.headSize
    let keys = shape.keyValueHeadCount * shape.headSize
    // llama.cpp's converter puts only llama's rows in pairs; it rotates the other families' rows in
    // Hugging Face's order.
    let isPaired = shape.family == .llama
    let queryHeads = isPaired ? shape.headCount : nil
    let keyHeads = isPaired ? shape.keyValueHeadCount : nil
    try find(from + "attn_norm", to + "input_layernorm", [width])
    try find(from + "attn_q", to + "self_attn.q_proj", [queries, width], pairedHeads: queryHeads)
    try find(from + "attn_k", to + "self_attn.k_proj", [keys, width], pairedHeads: keyHeads)
    try find(from + "attn_v", to + "self_attn.v_proj", [keys, width])
    try find(from + "attn_output", to + "self_attn.o_proj", [width, queries])
    if shape.family.hasQueryKeyValueBias {
      try find(from + "attn_q", to + "self_attn.q_proj", [queries], suffix: ".bias")
      try find(from + "attn_k", to + "self_attn.k_proj", [keys], suffix: ".bias")
      try find(from + "attn_v", to + "self_attn.v_proj", [keys], suffix: ".bias")
    }
    if shape.family.normalizesHeads {
      try find(from + "attn_q_norm", to + "self_attn.q_norm", [shape.headSize])
      try find(from + "attn_k_norm", to + "self_attn.k_norm", [shape.headSize])
    }
    try find(from + "ffn_norm", to + "post_attention_layernorm", [width])
    try find(from + "ffn_gate", to + "mlp.gate_proj", [hidden, width])
    try find(from + "ffn_up", to + "mlp.up_proj", [hidden, width])
    try find(from + "ffn_down", to + "mlp.down_proj", [width, hidden])
  }

  mutating func find(
    _ stem: String, _ huggingFaceStem: String, _ shape: [Int], suffix: String = ".weight",
    pairedHeads: Int? = nil
  ) throws(FulcrumError) {
    let name = stem + suffix
    guard let tensor = file.tensors[name] else {
      throw FulcrumError(
        .checkpoint, "there is no tensor '\(name)'",
        hint: "the file is incomplete: one part of several, or of another model")
    }
    guard tensor.shape == shape else {
      throw FulcrumError(
        .checkpoint, "tensor '\(name)' has the shape \(tensor.shape), expected \(shape)",
        hint: "the metadata is of another model")
    }
    left.remove(name)
    sources.append(
      GGUFModel.Source(
        name: name, huggingFaceName: huggingFaceStem + suffix, tensor: tensor,
        pairedHeads: pairedHeads))
  }

  /// Takes a tensor that isn't one of the model's parameters, if it is there.
  mutating func leaveOut(_ name: String) { left.remove(name) }

  func refuseRest(_ family: ModelFamily) throws(FulcrumError) {
    guard let name = left.min() else { return }
    throw FulcrumError(
      .unsupported,
      "tensor '\(name)' has no place in the plain \(family.title) architecture",
      hint: "experts, adapters and biases that the family doesn't have are not computed")
  }
}
