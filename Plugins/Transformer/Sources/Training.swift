/// Holds the memory that only a policy in training needs: with AdamW three floats for each value that
/// is trained, with plain ascent one.
package final class Training {
  package internal(set) var optimizer: any Optimizer
  /// The accumulated gradient, in the places of what is trained (`Network.trainedTable`).
  package let gradients: FloatBuffer
  /// Whether the gradient is all zeros.
  var isClear = true

  init(_ optimizer: any Optimizer, floatCount: Int) {
    self.optimizer = optimizer
    gradients = FloatBuffer(count: floatCount)
  }

  func clearGradients() {
    guard !isClear else { return }
    gradients.clear()
    isClear = true
  }
}
