import TransformerKernels

/// Sums up outer products over all rows, cut into blocks of a weight's output rows.
///
/// Each block is summed over all rows by one item of work, so no two threads add to the same place
/// and the order of additions is fixed.
struct WeightGradients {
  /// Holds the rounded gradient and input, as `Network.round` leaves them.
  typealias Rounded = (gradient: BrainFloatBuffer.Pointer, input: BrainFloatBuffer.Pointer)

  /// Holds rows, and the distance between them.
  typealias Rows = (pointer: FloatBuffer.Pointer, stride: Int)

  /// Holds some outputs of one matrix: target += gradientᵀ · input.
  private struct Block {
    let outputs: Range<Int>
    let inputs: Int
    /// The gradient of the matrix's output, `[rows, outputs]`.
    let gradient: Rows
    /// The input, `[rows, inputs]`.
    let input: Rows
    /// Both, rounded and without gaps between rows; `nil`: the product is in f32.
    let rounded: Rounded?
    /// The weight's gradient, `[outputs, inputs]`.
    let target: FloatBuffer.Pointer
  }

  /// The number of blocks of a matrix. With few blocks the product seldom packs the same input
  /// again; with enough, threads share out the work well.
  private static let blocksPerMatrix = 4
  private static let smallestBlock = 64
  private static let largestBlock = 512
  /// The number of rows that a product in bf16 sums: few sizes of products serve any number of
  /// rows.
  private static let roundedRows = 512

  private var blocks: [Block] = []
  private let rows: Int
  private let isHalf: Bool

  /// - Parameters:
  ///   - rows: the number of rows that are summed.
  ///   - isHalf: whether the rounded factors are multiplied.
  init(rows: Int, isHalf: Bool) {
    self.rows = rows
    self.isHalf = isHalf
  }

  var count: Int { blocks.count }

  /// - Parameter gradients: the gradients of all parameters.
  mutating func add(
    _ matrix: WeightMatrix, gradient: FloatBuffer.Pointer, input: FloatBuffer.Pointer,
    rounded: Rounded, into gradients: FloatBuffer.Pointer
  ) {
    add(
      outputs: matrix.outputs, gradient: (gradient, matrix.outputs), inputs: matrix.inputs,
      input: (input, matrix.inputs), rounded: isHalf ? rounded : nil,
      into: gradients + matrix.offset)
  }

  /// - Parameter target: the weight's gradient, `[outputs, inputs]`.
  mutating func add(
    outputs: Int, gradient: Rows, inputs: Int, input: Rows, rounded: Rounded? = nil,
    into target: FloatBuffer.Pointer
  ) {
    for part in Self.blocks(ofOutputs: outputs) {
      blocks.append(
        Block(
          outputs: part, inputs: inputs, gradient: gradient, input: input, rounded: rounded,
          target: target))
    }
  }

  /// Cuts a matrix's outputs.
  static func blocks(ofOutputs outputs: Int) -> [Range<Int>] {
    let share = (outputs + blocksPerMatrix - 1) / blocksPerMatrix
    let size = min(largestBlock, max(smallestBlock, (share + 15) / 16 * 16))
    return stride(from: 0, to: outputs, by: size).map { $0..<min($0 + size, outputs) }
  }

  /// Adds one block's gradient.
  func run(_ index: Int) {
    let block = blocks[index]
    let inputs = block.inputs
    let first = block.outputs.lowerBound
    let target = block.target + first * inputs
    guard let rounded = block.rounded else {
      return MatrixProduct.addTransposedTimes(
        block.gradient.pointer + first, stride: block.gradient.stride, block.input.pointer,
        stride: block.input.stride, into: target, stride: inputs, rows: block.outputs.count,
        inner: rows, columns: inputs)
    }
    let outputs = block.gradient.stride
    let padded = RowTiles.padded(rows)
    for row in stride(from: 0, to: padded, by: Self.roundedRows) {
      let product = tk_product(
        rows: Int32(block.outputs.count), inner: Int32(min(Self.roundedRows, padded - row)),
        columns: Int32(inputs), x_row_stride: 1, x_inner_stride: Int32(outputs),
        w_inner_stride: Int32(inputs), w_column_stride: 1, y_stride: Int32(inputs),
        element: Int32(TK_BF16.rawValue), adds: 1)
      OneDNN.multiply(
        product, rounded.gradient + row * outputs + first,
        rounded.input + row * inputs, target)
    }
  }
}
