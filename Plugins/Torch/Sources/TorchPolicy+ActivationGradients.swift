import FulcrumKernel
import JSON
import Wire

/// Tells single tokens' gradients at the layers' activations.
extension TorchPolicy: ActivationGradientPolicy {
  package func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    guard tokens.allSatisfy({ (0..<batch.tokenCount).contains($0) }),
      zip(tokens, tokens.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw FulcrumError(
        .usage, "expected places of the batch's \(batch.tokenCount) tokens, ascending",
        at: Self.manual.name)
    }
    let content = BatchArrays(batch, sequences: 0..<batch.sequenceCount)
    let frame = try call(
      "activationGradients", ScoreArrays.header(ScoreRequest(temperature: temperature)),
      content.arrays + [("places", WireArray(tokens))])
    return try read("activationGradients") { () throws(WireFault) in
      let layers = (frame["layers"]?.elements ?? []).compactMap(\.text)
      let norms = try frame.array("norms").floats()
      let ownNorms = try frame.array("ownNorms").floats()
      guard norms.count == tokens.count * layers.count, ownNorms.count == norms.count else {
        throw WireFault("expected a norm for each token and layer")
      }
      return ActivationGradients(layers: layers, norms: norms, ownNorms: ownNorms)
    }
  }
}
