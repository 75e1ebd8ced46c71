/// Sums of outer products over all rows, cut into blocks of a weight's output rows.
///
/// Each block is summed over all rows by one product, so no two threads add to the same place and
/// the order of additions is fixed.
struct WeightGradients {
  /// One linear layer: target += gradientᵀ · input.
  struct Layer {
    /// Of the layer's output, `[rows, outputs]`.
    let gradient: FloatBuffer.Pointer
    let outputs: Int
    /// `[rows, inputs]`.
    let input: FloatBuffer.Pointer
    let inputs: Int
    /// `[outputs, inputs]`.
    let target: FloatBuffer.Pointer
  }

  /// Few blocks repeat little packing of the input within the product; enough share out well.
  private static let blocksPerLayer = 4
  private static let smallestBlock = 64
  private static let largestBlock = 512

  private var blocks: [(layer: Layer, outputs: Range<Int>)] = []
  private let rows: Int

  /// - Parameter rows: over which is summed.
  init(rows: Int) { self.rows = rows }

  var count: Int { blocks.count }

  mutating func add(_ layer: Layer) {
    let share = (layer.outputs + Self.blocksPerLayer - 1) / Self.blocksPerLayer
    let size = min(Self.largestBlock, max(Self.smallestBlock, (share + 15) / 16 * 16))
    for first in stride(from: 0, to: layer.outputs, by: size) {
      blocks.append((layer, first..<min(first + size, layer.outputs)))
    }
  }

  /// Adds one block's gradient.
  func run(_ block: Int) {
    let (layer, outputs) = blocks[block]
    MatrixProduct.addTransposedTimes(
      layer.gradient + outputs.lowerBound, stride: layer.outputs, layer.input,
      stride: layer.inputs, into: layer.target + outputs.lowerBound * layer.inputs,
      stride: layer.inputs, rows: outputs.count, inner: rows, columns: layer.inputs)
  }
}
