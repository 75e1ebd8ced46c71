import FulcrumKernel

/// Gradients at a policy's layers' activations.
extension Subject where Instance == any PolicyModel {
  /// Other than 1, so that a forgotten factor shows.
  private static var temperature: Float { 0.5 }
  /// Of numbers that a policy may sum in another order: relative, of f32 and of bf16 alike.
  private static var tolerance: Float { 1e-3 }

  func checkActivationGradients() throws(FulcrumError) {
    guard let policy = try prepared() as? any ActivationGradientPolicy else { return }
    let batch = try PolicyTrial.sample(policy).generation.sequences
    let tokens = Array(0..<batch.tokenCount)
    let together = try policy.activationGradients(
      of: tokens, in: batch, temperature: Self.temperature)
    let layers = together.layers.count
    for count in [together.norms.count, together.ownNorms.count]
    where layers == 0 || count != tokens.count * layers {
      throw fault(
        "expected a norm for each of \(tokens.count) tokens at each of \(layers) layers, got"
          + " \(count)")
    }
    for (place, (norm, own)) in zip(together.norms, together.ownNorms).enumerated() {
      guard norm.isFinite, own >= 0, own <= norm * (1 + Self.tolerance) else {
        throw fault(
          "expected the norm at a token's own position from 0 to that of all positions, \(norm), got"
            + " \(own) for token \(place / layers) at \(together.layers[place % layers])")
      }
    }
    let levers = try PolicyTrial.scores(
      of: batch, by: policy, temperature: Self.temperature
    ).levers
    for token in tokens {
      let norm = together.norms[(token + 1) * layers - 1] * Self.temperature
      // The lever of a token near certainty is a difference of numbers near 1.
      guard abs(norm - levers[token]) <= Self.tolerance * levers[token] + 1e-5 else {
        throw fault(
          "expected the norm at the last layer, times the temperature, to be the lever"
            + " \(levers[token]), got \(norm) for token \(token)",
          hint: "the last layer is the logits, before they are divided by the temperature")
      }
      try checkAlone(token, of: together, in: batch, by: policy)
    }
  }

  private func checkAlone(
    _ token: Int, of together: ActivationGradients, in batch: SequenceBatch,
    by policy: any ActivationGradientPolicy
  ) throws(FulcrumError) {
    let alone = try policy.activationGradients(
      of: [token], in: batch, temperature: Self.temperature)
    let layers = together.layers.count
    guard alone.layers == together.layers, alone.norms.count == layers else {
      throw fault(
        "expected the layers \(together.layers) whatever is asked, got \(alone.layers)"
          + " for token \(token)")
    }
    for layer in 0..<layers {
      let expected = together.norms[token * layers + layer]
      guard abs(alone.norms[layer] - expected) <= Self.tolerance * expected else {
        throw fault(
          "expected the same norm for a token alone as for all, \(expected), got"
            + " \(alone.norms[layer]) for token \(token) at \(together.layers[layer])",
          hint: "each token's gradient is its own: no other token's is added to it")
      }
    }
  }
}
