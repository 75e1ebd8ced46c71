
extension MicroscopeTable {
  /// How far each layer's gradients are from a constant times |w| (1 − π).
  static func lines(_ layers: LayerReport) -> [String] {
    let last = IntervalSummary.shares.count - 1
    return [
      "gradient at a layer's activations over |w| (1 − π), \(layers.tokens.reduce(0, +)) tokens:",
      row("", ["median", "1 %", "99 %", "variation", "explained"].map(right)),
    ]
      + layers.notable.map { layer in
        let values = [
          layer.quantiles[last / 2], layer.quantiles[0], layer.quantiles[last], layer.variation,
          layer.explained,
        ]
        return row("    \(layer.name)", values.map(number))
      }
  }
}
