/// What only a policy that trains needs: three floats a parameter.
package final class Training {
  package internal(set) var optimizer: AdamW
  /// The accumulated gradient, in the parameters' layout.
  package let gradients: FloatBuffer
  /// Whether the gradient is all zeros.
  var isClear = true

  init(_ optimizer: AdamW, floatCount: Int) {
    self.optimizer = optimizer
    gradients = FloatBuffer(count: floatCount)
  }

  func clearGradients() {
    guard !isClear else { return }
    gradients.clear()
    isClear = true
  }
}
