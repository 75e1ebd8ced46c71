import FulcrumKernel
import TransformerFormats

/// Describes the model, line by line.
extension TransformerPolicy: DescribedPolicy {
  package var facts: [ModelFact] {
    guard let model else { return [] }
    let shape = model.network.shape
    return [
      ModelFact("family", .text(shape.family.rawValue)),
      ModelFact("parameters", .integer(parameterCount)),
    ] + (model.network.adapter?.facts ?? []) + [
      ModelFact("precision", .text(precisions(of: model))),
      ModelFact("layers", .integer(shape.layerCount)),
      ModelFact("width", .integer(shape.width)),
      ModelFact("hidden-width", .integer(shape.hiddenWidth)),
      ModelFact("heads", .integer(shape.headCount)),
      ModelFact("key-value-heads", .integer(shape.keyValueHeadCount)),
      ModelFact("head-size", .integer(shape.headSize)),
      ModelFact("context", .integer(shape.contextLength)),
      ModelFact("vocabulary", .integer(shape.vocabularySize)),
      ModelFact("tokenizer", .integer(model.network.tokenRows.count)),
      ModelFact("tied", .flag(shape.isTied)),
      ModelFact("rope-theta", .number(shape.ropeTheta)),
      ModelFact("rope-scaling", .text(shape.ropeScaling.name)),
      ModelFact("norm-epsilon", .number(shape.normEpsilon)),
      ModelFact("end-tokens", .integers(shape.endTokens.map(Int.init))),
      ModelFact("end-texts", .texts(shape.endTokens.map { text(of: $0, in: model) })),
    ] + leftOut(of: model)
  }

  /// Names the checkpoint's tensors that the policy has no use for, if there are some.
  private func leftOut(of model: Model) -> [ModelFact] {
    guard let names = model.origin?.leftOut, !names.isEmpty else { return [] }
    return [ModelFact("left-out", .texts(names))]
  }

  /// Returns the precision in which the checkpoint stores its weights, or several in the order of
  /// the format.
  private func precisions(of model: Model) -> String {
    guard let origin = model.origin else { return TensorPrecision.f32.rawValue }
    let stored = Set(origin.tensors.map(\.precision))
    return TensorPrecision.allCases.filter(stored.contains).map(\.rawValue).joined(separator: ", ")
  }

  /// Returns a token's text; empty for a row of the embedding that the tokenizer doesn't use.
  private func text(of token: Int32, in model: Model) -> String {
    (try? model.tokenizer.decode([token], keepingSpecialTokens: true)) ?? ""
  }
}

extension RopeScaling {
  /// The `rope_type` of transformers, with the factor by which the context grows.
  fileprivate var name: String {
    switch self {
    case .none: "none"
    case .linear(let factor): "linear, factor \(factor)"
    case .llama3(let llama3): "llama3, factor \(llama3.factor)"
    case .yarn(let yarn): "yarn, factor \(yarn.factor)"
    }
  }
}
