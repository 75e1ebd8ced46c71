extension MicroscopeTable {
  /// Returns rows that tell how far each layer's gradients are from a constant times |w| (1 − π).
  static func lines(_ layers: LayerRecord) -> [String] {
    let last = IntervalSummary.levels.count - 1
    return [
      "gradient at a layer's activations over |w| (1 − π), \(layers.tokens.reduce(0, +)) tokens:",
      row("", ["median", "1 %", "99 %", "variation", "explained"].map(right)),
    ]
      + layers.notable.map { layer in
        let quantiles = layers.quantiles[layer]
        let values = [
          quantiles[last / 2], quantiles[0], quantiles[last], layers.variation[layer],
          layers.explained[layer],
        ]
        return row("    \(layers.names[layer])", values.map(number))
      }
  }
}
