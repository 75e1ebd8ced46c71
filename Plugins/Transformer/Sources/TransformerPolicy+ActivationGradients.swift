import FulcrumKernel
import TransformerFormats

/// Computes single tokens' gradients at the layers' activations.
extension TransformerPolicy: ActivationGradientPolicy {
  /// Each token becomes the end of a sequence of its own, so that the rows of its backward pass hold
  /// its gradient alone (Documentation/Decisions/0011-gradients-of-single-tokens.md).
  ///
  /// - Throws: as `score`; `.usage` for places that are not in the batch or not in order.
  package func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients {
    let network = try ready().network
    try check(batch, 0..<0, temperature, network)
    let own = try prefixes(of: tokens, in: batch, temperature, network)
    network.prepareProducts()
    let layerCount = network.shape.layerCount
    let norms = ActivationNorms(
      layerCount: layerCount + 2, width: network.width, logitCount: network.logitCount)
    for piece in pieces(own, 0..<own.sequenceCount, sharesPrompts: false) {
      let packed = PackedBatch(own, sequences: piece, sharesPrompts: false)
      network.forward(packed, network.kept)
      network.score(packed, network.kept, temperature: temperature, isTraining: true)
      _ = try network.tokenColumns.withWeights(candidateCount: 0) {
        (_, weights, _, _) throws(FulcrumError) in
        for token in weights.indices { weights[token] = 1 }
      }
      norms.begin(tokens: piece.count)
      network.backward(
        packed, network.kept, temperature: temperature, gradients: nil, norms: norms)
      norms.end(tokens: piece.count)
    }
    return ActivationGradients(
      layers: ["embedding"] + (1...layerCount).map { "layer \($0)" } + ["logits"],
      norms: norms.norms, ownNorms: norms.ownNorms)
  }

  /// Returns a group for each token, whose prompt is all that is before the token.
  private func prefixes(
    of tokens: [Int], in batch: SequenceBatch, _ temperature: Float, _ network: Network
  ) throws(FulcrumError) -> SequenceBatch {
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    var sequence = 0
    var last = -1
    for token in tokens {
      guard token > last, token < batch.tokenCount else {
        throw FulcrumError(
          .usage,
          token >= 0 && token < batch.tokenCount
            ? "expected tokens in ascending order, got \(token) after \(last)"
            : "expected places among the \(batch.tokenCount) completion tokens, got \(token)",
          at: Self.manual.name)
      }
      let previous = sequence
      while batch.offsets[sequence + 1] <= token { sequence += 1 }
      if last < 0 || sequence > previous {
        try check(batch, sequence..<sequence + 1, temperature, network)
      }
      last = token
      let group = batch.group(ofSequence: sequence)
      prompts.append(
        (batch.promptOffsets[group]..<batch.promptOffsets[group + 1]).map {
          batch.promptTokens[$0]
        } + (batch.offsets[sequence]..<token).map { batch.tokens[$0] })
      completions.append([[batch.tokens[token]]])
    }
    return SequenceBatch(prompts: prompts, completions: completions)
  }
}
