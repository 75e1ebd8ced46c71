
/// The gradient at every layer's activations over |w| (1 − π), as `fulcrum microscope` measured it: what
/// the paper takes for a constant of the layer.
struct LayerRecord: Decodable {
  /// Tokens one by one, at a few layers.
  struct Sampled: Decodable {
    let layers: [String]
    /// π of each token.
    let probability: Numbers
    /// For each layer, ‖δ_ℓ‖ / |w| of each token.
    let norm: [Numbers]
  }

  /// From the embedding to the logits.
  let names: [String]
  /// How many tokens were looked at, by interval.
  let tokens: Numbers?
  /// Tokens with a smaller 1 − π were left out.
  let floor: Double?
  /// For each layer: 1, 25, 50, 75 and 99 %.
  let quantiles: [Numbers]
  /// For each layer, the median by interval.
  let byInterval: [Numbers]?
  /// For each layer, standard deviation over mean.
  let variation: Numbers?
  /// For each layer, the part of the spread of the pull that 1 − π accounts for.
  let explained: Numbers?
  /// For each layer, the median share of ‖δ_ℓ‖² at the token's own position.
  let own: Numbers?
  let sampled: Sampled?

  enum CodingKeys: String, CodingKey {
    case names, tokens, floor, quantiles, variation, explained, own, sampled
    case byInterval = "by_interval"
  }
}
