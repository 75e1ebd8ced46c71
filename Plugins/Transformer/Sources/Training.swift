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

  /// The number of floats that one item of parallel work clears.
  private static let clearBlock = 1 << 20

  func clearGradients(on pool: ThreadPool) {
    guard !isClear else { return }
    pool.run((gradients.count + Self.clearBlock - 1) / Self.clearBlock) { block, _ in
      let first = block * Self.clearBlock
      (gradients.pointer + first).update(
        repeating: 0, count: min(Self.clearBlock, gradients.count - first))
    }
    isClear = true
  }
}
