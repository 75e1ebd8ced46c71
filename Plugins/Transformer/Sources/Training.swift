/// What only a policy that trains needs: three floats a parameter.
package final class Training {
  package let optimizer: AdamW
  /// The accumulated gradient, in the parameters' layout.
  package let gradients: FloatBuffer
  /// Whether the gradient is all zeros.
  var isClear = true

  init(settings: AdamW.Settings, floatCount: Int) {
    optimizer = AdamW(settings, count: floatCount)
    gradients = FloatBuffer(count: floatCount)
  }

  func clearGradients() {
    guard !isClear else { return }
    gradients.clear()
    isClear = true
  }
}
