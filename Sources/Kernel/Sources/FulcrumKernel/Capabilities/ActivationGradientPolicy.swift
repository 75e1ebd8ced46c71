/// Holds how hard single tokens pull at the activations that a model's layers hand on.
///
/// For a token predicted at position t, ‖∂ log π / ∂ a_ℓ‖₂, where a_0 is the embedding, a_ℓ the
/// residual stream after layer ℓ, and the last one the logits before the temperature. Log π is at the
/// temperature, so the factor 1 / temperature is in every norm: at the logits the norm times the
/// temperature is the lever ‖e − π‖. A token's pull in a gradient is |w| times its norm.
///
/// - Source: arXiv 2505.12929, equation (3).
public struct ActivationGradients: Sendable {
  /// Names from the first to the last: `embedding`, `layer 1` … `layer L`, `logits`.
  public let layers: [String]
  /// Over all positions of the sequence: `[tokens, layers]`, row by row.
  public let norms: [Float]
  /// The same of the position that predicts the token alone.
  public let ownNorms: [Float]

  /// Both norms have a value for each token and layer; a host checks that.
  public init(layers: [String], norms: [Float], ownNorms: [Float]) {
    self.layers = layers
    self.norms = norms
    self.ownNorms = ownNorms
  }
}

/// A policy that can tell single tokens' gradients at its layers' activations.
public protocol ActivationGradientPolicy: PolicyModel {
  /// The norms of single tokens' gradients of log π at every layer's activations, each token's from
  /// a backward pass of its own. Parameters and the accumulated gradient stay as they are.
  ///
  /// - Parameters:
  ///   - tokens: places in `batch.tokens`, in ascending order.
  ///   - batch: the sequences that the tokens stand in.
  ///   - temperature: the one that log π is at.
  /// - Throws: as `score`; `.usage` for places that are not in the batch or not in order.
  func activationGradients(
    of tokens: [Int], in batch: SequenceBatch, temperature: Float
  ) throws(FulcrumError) -> ActivationGradients
}
