import FulcrumKernel

/// Finds the tensors of Hugging Face's llama in a GGUF file, and reads the model's sizes.
struct GGUFLlama: Sendable {
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
  ///   anything that the plain Llama architecture doesn't compute, `.configuration` if the sizes
  ///   don't fit each other.
  init(_ file: GGUFFile, endToken: Int32, padToken: Int32) throws(FulcrumError) {
    shape = try GGUFShape.read(file, endToken: endToken, padToken: padToken)
    var finder = TensorFinder(file: file)
    try finder.find("token_embd", "model.embed_tokens", [shape.vocabularySize, shape.width])
    for layer in 0..<shape.layerCount { try finder.findLayer(layer, shape) }
    try finder.find("output_norm", "model.norm", [shape.width])
    if !shape.isTied {
      try finder.find("output", "lm_head", [shape.vocabularySize, shape.width])
    }
    try finder.refuseRest()
    sources = finder.sources
  }
}

/// Takes tensors out of a file one by one.
private struct TensorFinder {
  private let file: GGUFFile
  private var left: Set<String>
  private(set) var sources: [GGUFLlama.Source] = []

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
    try find(from + "attn_norm", to + "input_layernorm", [width])
    try find(
      from + "attn_q", to + "self_attn.q_proj", [queries, width], pairedHeads: shape.headCount)
    try find(
      from + "attn_k", to + "self_attn.k_proj", [keys, width],
      pairedHeads: shape.keyValueHeadCount)
    try find(from + "attn_v", to + "self_attn.v_proj", [keys, width])
    try find(from + "attn_output", to + "self_attn.o_proj", [width, queries])
    try find(from + "ffn_norm", to + "post_attention_layernorm", [width])
    try find(from + "ffn_gate", to + "mlp.gate_proj", [hidden, width])
    try find(from + "ffn_up", to + "mlp.up_proj", [hidden, width])
    try find(from + "ffn_down", to + "mlp.down_proj", [width, hidden])
  }

  mutating func find(
    _ stem: String, _ huggingFaceStem: String, _ shape: [Int], pairedHeads: Int? = nil
  ) throws(FulcrumError) {
    let name = stem + ".weight"
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
      GGUFLlama.Source(
        name: name, huggingFaceName: huggingFaceStem + ".weight", tensor: tensor,
        pairedHeads: pairedHeads))
  }

  func refuseRest() throws(FulcrumError) {
    guard let name = left.min() else { return }
    throw FulcrumError(
      .unsupported, "tensor '\(name)' has no place in the plain Llama architecture",
      hint: "biases, experts and scaled rotary frequencies are not computed")
  }
}
