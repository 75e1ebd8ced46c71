/// Holds a rate of matrix products or of attention, by the precision of the passes.
package struct PrecisionRate: Sendable, Equatable {
  /// Operations a second in f32.
  package var f32: Double
  /// Operations a second in bf16; 0: not known.
  package var bf16: Double

  package init(f32: Double, bf16: Double) {
    self.f32 = f32
    self.bf16 = bf16
  }

  package func of(isBF16: Bool) -> Double { isBF16 ? bf16 : f32 }
}

/// Holds what passes over whole sequences take on one core or device.
package struct PassRates: Sendable, Equatable {
  /// Seconds of a pass, whatever its size; and of each layer in it.
  package var pass: Double
  package var layer: Double
  /// Operations a second.
  package var products: PrecisionRate
  package var attention: PrecisionRate
  /// Bytes of activations a second: what is neither product nor attention.
  package var elements: Double
  /// Logits a second, of the softmax and what is read off it.
  package var logits: Double
  /// Bytes of gradients a second, which a backward pass adds to.
  package var gradients: Double

  package init(
    pass: Double, layer: Double, products: PrecisionRate, attention: PrecisionRate,
    elements: Double, logits: Double, gradients: Double
  ) {
    self.pass = pass
    self.layer = layer
    self.products = products
    self.attention = attention
    self.elements = elements
    self.logits = logits
    self.gradients = gradients
  }
}

/// Holds what decoding steps take on one core or device.
package struct StepRates: Sendable, Equatable {
  /// Seconds of a step, whatever its rows; and of each layer in it.
  package var step: Double
  package var layer: Double
  package var products: PrecisionRate
  /// Bytes a second: of weights that are read, of keys and values that are moved.
  package var weights: Double
  package var cache: Double
  /// Logits a second, of a draw.
  package var logits: Double
  /// Bytes of weights a second, laid out before sampling begins; 0: they aren't.
  package var layout: Double

  package init(
    step: Double, layer: Double, products: PrecisionRate, weights: Double, cache: Double,
    logits: Double, layout: Double
  ) {
    self.step = step
    self.layer = layer
    self.products = products
    self.weights = weights
    self.cache = cache
    self.logits = logits
    self.layout = layout
  }
}

/// Holds what a ring of ranks takes to pass bytes on.
package struct Link: Sendable, Equatable {
  /// Bytes a second in one direction: of a device within a node, of a whole node between nodes.
  package var bandwidth: Double
  /// Seconds from one rank to the next.
  package var latency: Double

  package init(bandwidth: Double, latency: Double) {
    self.bandwidth = bandwidth
    self.latency = latency
  }
}
