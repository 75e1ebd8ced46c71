/// Lists the linear layers that can have an adapter, by their names in a checkpoint: all but the head.
package enum AdapterProjection: String, CaseIterable, Sendable {
  case query = "q_proj"
  case key = "k_proj"
  case value = "v_proj"
  case output = "o_proj"
  case gate = "gate_proj"
  case up = "up_proj"
  case down = "down_proj"

  /// Names an adapter's two matrices as peft does.
  package enum Factor: String, CaseIterable, Sendable {
    /// A: from the inputs to `rank` components.
    case down = "lora_A"
    /// B: from the components to the outputs.
    case up = "lora_B"
  }

  /// What peft puts before a tensor's name in the model.
  private static let prefix = "base_model.model.model.layers."

  private var block: String {
    switch self {
    case .query, .key, .value, .output: "self_attn"
    case .gate, .up, .down: "mlp"
    }
  }

  /// Returns the name of a tensor in peft's files.
  package func tensorName(layer: Int, _ factor: Factor) -> String {
    "\(Self.prefix)\(layer).\(block).\(rawValue).\(factor.rawValue).weight"
  }

  /// Returns the projection's name in the base.
  func moduleName(layer: Int) -> String { "model.layers.\(layer).\(block).\(rawValue)" }

  /// Returns the projection's weight's name in the base.
  package func weightName(layer: Int) -> String { moduleName(layer: layer) + ".weight" }

  /// Finds layer and projection of a tensor in peft's files; `nil` for a name of another kind.
  package static func find(_ tensor: String) -> (layer: Int, projection: AdapterProjection)? {
    guard tensor.hasPrefix(prefix) else { return nil }
    let words = tensor.dropFirst(prefix.count).split(
      separator: ".", omittingEmptySubsequences: false)
    guard words.count == 5, let layer = Int(words[0]), layer >= 0,
      let projection = AdapterProjection(rawValue: String(words[2])),
      Factor.allCases.contains(where: { projection.tensorName(layer: layer, $0) == tensor })
    else { return nil }
    return (layer, projection)
  }

  /// Returns the numbers of inputs and outputs.
  package func sizes(in shape: ModelShape) -> (inputs: Int, outputs: Int) {
    let queryWidth = shape.headCount * shape.headSize
    let keyWidth = shape.keyValueHeadCount * shape.headSize
    return switch self {
    case .query: (shape.width, queryWidth)
    case .key, .value: (shape.width, keyWidth)
    case .output: (queryWidth, shape.width)
    case .gate, .up: (shape.width, shape.hiddenWidth)
    case .down: (shape.hiddenWidth, shape.width)
    }
  }
}
