import FulcrumKernel

/// Reads how a GGUF file changes its model's rotary frequencies: linearly, by two keys, or as Llama 3
/// does, by a tensor that holds what each frequency is divided by.
struct GGUFRope {
  /// The tensor of the factors: `headSize / 2` numbers.
  static let factorsName = "rope_freqs.weight"

  let file: GGUFFile
  /// The model's shape as far as it is known without the scaling.
  let shape: ModelShape

  /// - Throws: `.checkpoint` for a wrong value, `.unsupported` for a scaling that isn't computed.
  func scaling() throws(FulcrumError) -> RopeScaling {
    let factor = try linearFactor()
    let linear = factor == 1 ? RopeScaling.none : .linear(factor: factor)
    // llama.cpp reads the tensor for llama alone; elsewhere it is refused with all unknown ones.
    guard shape.family == .llama, let tensor = file.tensors[Self.factorsName] else { return linear }
    let factors = try factors(tensor)
    if factors.allSatisfy({ $0 == 1 }) { return linear }
    guard factor == 1 else {
      throw FulcrumError(
        .unsupported,
        "there are both '\(Self.factorsName)' and a linear scaling by \(factor), expected one of them"
      )
    }
    guard
      let llama3 = RopeScaling.Llama3(
        dividing: factors, headSize: shape.headSize, theta: shape.ropeTheta)
    else {
      throw FulcrumError(
        .unsupported, "tensor '\(Self.factorsName)' holds factors that Llama 3's rule doesn't give",
        hint: "the factors of Llama 3.1 to 3.3 are read, those of LongRoPE are not")
    }
    return .llama3(llama3)
  }

  private func factors(_ tensor: GGUFFile.Tensor) throws(FulcrumError) -> [Float] {
    let expected = [shape.headSize / 2]
    guard tensor.shape == expected else {
      throw FulcrumError(
        .checkpoint,
        "tensor '\(Self.factorsName)' has the shape \(tensor.shape), expected \(expected)",
        hint: "the metadata is of another model")
    }
    return try file.read(Self.factorsName, tensor, 0..<expected[0])
  }

  /// Returns what all positions are divided by; 1 if the file doesn't say.
  ///
  /// - Source: `load_hparams` in github.com/ggml-org/llama.cpp, src/llama-model.cpp: an absent type
  ///   is the linear one, `scale_linear` the factor's older name, and a factor of 0 none at all.
  private func linearFactor() throws(FulcrumError) -> Double {
    let metadata = file.metadata
    let prefix = shape.family.rawValue + ".rope."
    var type = "linear"
    if metadata[prefix + "scaling.type"] != nil {
      type = try metadata.text(prefix + "scaling.type")
      guard type == "linear" || type == "none" else {
        throw FulcrumError(
          .unsupported,
          "'\(prefix)scaling.type' is \(GGUFValue.text(type).excerpt), expected \"linear\" or"
            + " \"none\"", hint: "Llama 3's scaling is read too, from '\(Self.factorsName)'")
      }
    }
    let keys = ["scaling.factor", "scale_linear"].map { prefix + $0 }
    guard let key = keys.first(where: { metadata[$0] != nil }) else { return 1 }
    let factor = try metadata.decimal(key)
    if factor == 0 || factor == 1 { return 1 }
    guard type == "linear" else {
      throw FulcrumError(
        .unsupported, "'\(key)' is \(factor), expected 1 with a 'scaling.type' of \"none\"")
    }
    guard factor > 0, factor.isFinite else {
      throw FulcrumError(.checkpoint, "'\(key)' must be a positive number, got \(factor)")
    }
    return factor
  }
}
