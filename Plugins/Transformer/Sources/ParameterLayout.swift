import TransformerFormats

/// Gives each tensor of a model its place in one flat array of floats.
///
/// Matrices that are applied to the same input lie one after the other (query, key and value; gate
/// and up), so that one product serves them all. Between such groups there are gaps of zeros up to
/// the next cache line.
package struct ParameterLayout: Sendable {
  /// Holds a tensor's place, under the name that it has in files.
  package struct Tensor: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    /// The place of its first float.
    package let offset: Int
    package let initialization: Initialization

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }

    /// The group that weight decay can leave out; `nil` for the matrices of the layers, for a head
    /// of its own, and for adapters.
    package var group: ParameterGroup? {
      switch initialization {
      case .zeros: shape.count == 1 ? .biases : nil
      case .ones: .norms
      case .normal: name == ParameterLayout.embeddingName ? .embeddings : nil
      case .uniform: nil
      }
    }
  }

  /// Gives a fresh model's tensor its first values.
  package enum Initialization: Sendable, Equatable {
    /// Zeros, for a bias, and for an adapter's second factor.
    case zeros
    /// Ones, for the gain of a normalisation.
    case ones
    /// Normal draws of this standard deviation.
    case normal(Double)
    /// Uniform draws between this number and its negative, for an adapter's first factor.
    case uniform(Double)
  }

  /// Holds the offsets of one layer's tensors.
  struct Layer: Sendable {
    let attentionNorm, queryKeyValue, output, feedForwardNorm, gateUp, down: Int
    /// The biases of queries, keys and values together.
    let queryKeyValueBias: Int?
    let headNorms: HeadNorms?
  }

  /// Holds the offsets of the gains on each head's query and key.
  struct HeadNorms: Sendable {
    let query, key: Int
  }

  /// The name of the table of the tokens, which is a tied model's head too.
  static let embeddingName = "model.embed_tokens.weight"

  package let table: ParameterTable
  /// The tensors in the order of their offsets.
  package var tensors: [Tensor] { table.tensors }
  /// The number of floats in the flat array, gaps included.
  package var floatCount: Int { table.floatCount }
  let embedding: Int
  let layers: [Layer]
  let finalNorm: Int
  /// The head's offset: the embedding's if the model is tied.
  let head: Int

  /// The number of the model's weights.
  package var parameterCount: Int { table.parameterCount }

  package init(_ shape: ModelShape) {
    var builder = ParameterTable.Builder()
    let width = shape.width
    let queryWidth = shape.headCount * shape.headSize
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    // Keeps the residual stream's variance from growing with depth (GPT-2, section 2.3).
    let residualScale = 1 / Double(2 * shape.layerCount).squareRoot()
    let fanIn = { (inputs: Int) in 1 / Double(inputs).squareRoot() }

    // Half of fan-in scale, so that a fresh tied model's logits have a deviation of 1/2.
    embedding = builder.add(
      Self.embeddingName, [shape.vocabularySize, width], .normal(fanIn(width) / 2))
    layers = (0..<shape.layerCount).map { index in
      let prefix = "model.layers.\(index)."
      let attentionNorm = builder.add(prefix + "input_layernorm.weight", [width], .ones)
      let query = builder.add(
        prefix + "self_attn.q_proj.weight", [queryWidth, width], .normal(fanIn(width)))
      builder.add(
        prefix + "self_attn.k_proj.weight", [keyWidth, width], .normal(fanIn(width)),
        isAdjacent: true)
      builder.add(
        prefix + "self_attn.v_proj.weight", [keyWidth, width], .normal(fanIn(width)),
        isAdjacent: true)
      let bias = builder.addBiases(shape, prefix: prefix)
      let headNorms = builder.addHeadNorms(shape, prefix: prefix)
      let output = builder.add(
        prefix + "self_attn.o_proj.weight", [width, queryWidth],
        .normal(fanIn(queryWidth) * residualScale))
      let feedForwardNorm = builder.add(
        prefix + "post_attention_layernorm.weight", [width], .ones)
      let gate = builder.add(
        prefix + "mlp.gate_proj.weight", [shape.hiddenWidth, width], .normal(fanIn(width)))
      builder.add(
        prefix + "mlp.up_proj.weight", [shape.hiddenWidth, width], .normal(fanIn(width)),
        isAdjacent: true)
      let down = builder.add(
        prefix + "mlp.down_proj.weight", [width, shape.hiddenWidth],
        .normal(fanIn(shape.hiddenWidth) * residualScale))
      return Layer(
        attentionNorm: attentionNorm, queryKeyValue: query, output: output,
        feedForwardNorm: feedForwardNorm, gateUp: gate, down: down,
        queryKeyValueBias: bias, headNorms: headNorms)
    }
    finalNorm = builder.add("model.norm.weight", [width], .ones)
    head =
      shape.isTied
      ? embedding
      : builder.add("lm_head.weight", [shape.vocabularySize, width], .normal(fanIn(width) / 2))
    table = builder.table
  }
}

extension ParameterTable.Builder {
  fileprivate mutating func addBiases(_ shape: ModelShape, prefix: String) -> Int? {
    guard shape.family.hasQueryKeyValueBias else { return nil }
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    let query = add(
      prefix + "self_attn.q_proj.bias", [shape.headCount * shape.headSize], .zeros)
    add(prefix + "self_attn.k_proj.bias", [keyWidth], .zeros, isAdjacent: true)
    add(prefix + "self_attn.v_proj.bias", [keyWidth], .zeros, isAdjacent: true)
    return query
  }

  fileprivate mutating func addHeadNorms(
    _ shape: ModelShape, prefix: String
  ) -> ParameterLayout.HeadNorms? {
    guard shape.family.normalizesHeads else { return nil }
    return ParameterLayout.HeadNorms(
      query: add(prefix + "self_attn.q_norm.weight", [shape.headSize], .ones),
      key: add(prefix + "self_attn.k_norm.weight", [shape.headSize], .ones))
  }
}
