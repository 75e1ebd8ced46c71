import JSON


/// What is told of the layers in `microscope.json` and in the table.
package struct LayerReport: Sendable {
  /// Tokens looked at, by interval.
  package let tokens: [Int]
  package let layers: [LayerFindings.Summary]
  package let sampled: LayerFindings.Tokens
  /// Layers that a table shows of a model with more.
  private static let shownLayers = 8

  package init(_ findings: LayerFindings) {
    tokens = findings.tokens
    layers = findings.summaries
    sampled = findings.sampled
  }

  /// All layers; of many the first two, the middle one and the last two.
  package var notable: [LayerFindings.Summary] {
    let count = layers.count
    guard count > Self.shownLayers else { return layers }
    return [0, 1, (count - 1) / 2, count - 2, count - 1].map { layers[$0] }
  }

  package var json: JSONLine {
    func list(_ values: [Double]) -> JSONLine.Value { .numbers(values) }
    // Of single tokens four digits are enough.
    func short(_ values: [Double]) -> JSONLine.Value {
      .numbers(values, digits: 4)
    }
    let tokens = JSONLine([
      ("layers", .list(sampled.names.map { .text($0) })),
      ("probability", short(sampled.probabilities)), ("norm", .list(sampled.norms.map(short))),
    ])
    return JSONLine([
      ("names", .list(layers.map { .text($0.name) })),
      ("tokens", list(self.tokens.map(Double.init))),
      ("floor", .number(LeverBounds.ratioFloor)),
      ("quantiles", .list(layers.map { list($0.quantiles) })),
      ("by_interval", .list(layers.map { list($0.byInterval) })),
      ("variation", list(layers.map(\.variation))), ("explained", list(layers.map(\.explained))),
      ("own", list(layers.map(\.own))), ("sampled", .object(tokens)),
    ])
  }
}
