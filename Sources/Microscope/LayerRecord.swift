import JSON

/// Gradients at every layer's activations over |w| (1 − π), which the paper takes for a constant of the
/// layer: `layers` of `microscope.json`.
package struct LayerRecord: Codable, Sendable {
  /// Names of the layers, from the embedding to the logits.
  package var names: [String]
  /// The number of tokens looked at, by interval.
  package var tokens: [Int]
  /// The smallest 1 − π: tokens with a smaller one were left out.
  package var floor: Double
  /// For each layer, the quantiles at `IntervalSummary.levels`.
  @NaNAsNull package var quantiles: [[Double]]
  /// For each layer, the median by interval.
  @NaNAsNull package var byInterval: [[Double]]
  /// For each layer, standard deviation over mean.
  @NaNAsNull package var variation: [Double]
  /// For each layer, the part of the pull's spread that 1 − π accounts for.
  @NaNAsNull package var explained: [Double]
  /// For each layer, the median share of ‖δ_ℓ‖² at the token's own position.
  @NaNAsNull package var own: [Double]
  package var sampled: Sampled

  enum CodingKeys: String, CodingKey {
    case names, tokens, floor, quantiles
    case byInterval = "by_interval"
    case variation, explained, own, sampled
  }

  /// Tokens one by one, at a few layers.
  package struct Sampled: Codable, Sendable {
    package var layers: [String]
    /// Each token's π.
    @NaNAsNull package var probability: [Double]
    /// For each layer, each token's ‖δ_ℓ‖ / |w|.
    @NaNAsNull package var norm: [[Double]]
  }

  package init(_ findings: LayerFindings) {
    // Of single tokens four digits are enough.
    func short(_ values: [Double]) -> [Double] { values.map { JSONLine.rounded($0, digits: 4) } }
    let layers = findings.summaries
    let tokens = findings.sampled
    names = layers.map(\.name)
    self.tokens = findings.tokens
    floor = LeverBounds.ratioFloor
    quantiles = layers.map(\.quantiles)
    byInterval = layers.map(\.byInterval)
    variation = layers.map(\.variation)
    explained = layers.map(\.explained)
    own = layers.map(\.own)
    sampled = Sampled(
      layers: tokens.names, probability: short(tokens.probabilities),
      norm: tokens.norms.map(short))
  }

  /// The most layers of which a table shows all.
  private static let shownLayers = 8

  /// The places of all layers; of many those of the first two, the middle one and the last two.
  package var notable: [Int] {
    let count = names.count
    guard count > Self.shownLayers else { return Array(names.indices) }
    return [0, 1, (count - 1) / 2, count - 2, count - 1]
  }
}
