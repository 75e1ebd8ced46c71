/// Counts what a pass computes.
package struct PassWork: Sendable, Equatable {
  /// Calls of the model: two where prompts are shared.
  package var calls: Double
  /// Tokens through the layers, padding included.
  package var tokens: Double
  /// Pairs of tokens that attention compares.
  package var pairs: Double
  /// Tokens whose logits are computed.
  package var scored: Double

  package init(calls: Double, tokens: Double, pairs: Double, scored: Double) {
    self.calls = calls
    self.tokens = tokens
    self.pairs = pairs
    self.scored = scored
  }
}

/// Says how often the parts of a pass are computed, in units of a forward pass.
package struct PassFactors: Sendable, Equatable {
  /// Layers that are started.
  package var calls = 1.0
  /// Products with the layers' matrices.
  package var rows = 1.0
  /// Attention, activations.
  package var rest = 1.0
  /// Products with the head.
  package var head = 1.0
  /// Operations of products with adapters, for each token.
  package var adapters = 0.0
  /// Weights whose gradients a backward pass adds to.
  package var gradients = 0.0

  /// A forward pass alone.
  package static let scoring = PassFactors()

  /// A forward and a backward pass.
  ///
  /// The backward pass computes a product for the inputs and one for the weights; of frozen weights the
  /// first alone. With checkpointing it computes the layers' forward pass again, on GPUs always the head's.
  ///
  /// - Parameters:
  ///   - adapterWeights: the number of trained weights beside frozen ones; 0: all are trained.
  ///   - gradients: the number of weights whose gradients a rank has.
  package static func training(
    adapterWeights: Int, gradients: Double, checkpoints: Bool, recomputesHead: Bool
  ) -> PassFactors {
    let again = checkpoints ? 1.0 : 0
    let isFrozen = adapterWeights > 0
    return PassFactors(
      // A rate of training is of forward and backward pass together.
      calls: (3 + again) / 3, rows: (isFrozen ? 2 : 3) + again, rest: 3 + again,
      head: (isFrozen ? 2 : 3) + (recomputesHead ? 1 : 0),
      adapters: 2 * Double(adapterWeights) * (3 + again), gradients: gradients)
  }
}

extension PassRates {
  /// Returns what a pass takes on one core or device that is alone.
  ///
  /// The softmax over the vocabulary, and what is read off it, counts once for each token that is scored: its
  /// rate is that of the whole pass.
  package func cost(
    _ work: PassWork, of model: ModelShape, isBF16: Bool, _ factors: PassFactors
  ) -> Cost {
    let layers = Double(model.layers)
    let bytes = isBF16 ? 2 : 4
    let products =
      work.tokens * (factors.rows * model.rowOperations + factors.adapters)
      + factors.head * work.scored * model.headOperations
    return Cost([
      .overhead: pass + factors.calls * work.calls * layers * layer,
      .products: products / self.products.of(isBF16: isBF16),
      .attention: factors.rest * work.pairs * model.pairOperations
        / attention.of(isBF16: isBF16),
      .elements: factors.rest * work.tokens * layers * Double(model.activationBytes(bytes))
        / elements,
      .logits: work.scored * Double(model.vocabulary) / logits,
      // Read, read and written, in f32.
      .gradients: 12 * factors.gradients / gradients,
    ])
  }
}
