import TransformerKernels

/// Holds one matrix among the parameters, with the copies that oneDNN multiplies by.
final class WeightMatrix {
  /// The offset of its first float in the flat parameters: `[outputs, inputs]`.
  let offset: Int
  let outputs: Int
  let inputs: Int
  /// The copy in oneDNN's own order, for x · wᵀ: panels of `TK_PANEL` outputs.
  fileprivate var packed: UnsafeMutableRawPointer?
  fileprivate var panelBytes = 0
  /// The copy in bf16, in the parameters' order, for dy · w; unused if products are in f32.
  fileprivate let rounded = BrainFloatBuffer()

  init(offset: Int, outputs: Int, inputs: Int) {
    self.offset = offset
    self.outputs = outputs
    self.inputs = inputs
  }

  deinit { packed?.deallocate() }

  /// Makes room for the copies.
  fileprivate func prepare(_ precision: ProductBackEnd.Precision) {
    if precision == .bf16 { rounded.reserve(outputs * inputs) }
    guard packed == nil else { return }
    panelBytes = tk_dnn_packed_bytes(Int32(inputs), Int32(TK_PANEL), precision.element)
    packed = .allocate(
      byteCount: tk_dnn_packed_bytes(Int32(inputs), Int32(outputs), precision.element),
      alignment: 64)
  }

  /// Copies some outputs, from a panel's first on.
  fileprivate func refresh(
    _ part: Range<Int>, _ parameters: FloatBuffer, _ precision: ProductBackEnd.Precision
  ) {
    guard let packed else { return }
    let first = part.lowerBound * inputs
    let weight = parameters.pointer + offset + first
    let (inner, columns) = (Int32(inputs), Int32(part.count))
    var plain = UnsafeRawPointer(weight)
    if precision == .bf16 {
      tk_to_bf16(weight, inner, rounded.pointer + first, columns, inner)
      plain = UnsafeRawPointer(rounded.pointer + first)
    }
    let isDone = tk_dnn_pack(
      inner, columns, precision.element, plain,
      packed + part.lowerBound / Int(TK_PANEL) * panelBytes)
    precondition(isDone, "oneDNN packs any matrix of a precision that it takes")
  }
}

/// Holds the model's matrices, and whether their copies are those of the parameters.
final class WeightMatrices {
  struct Layer {
    let queryKeyValue, output, gateUp, down: WeightMatrix
  }

  let layers: [Layer]
  /// The head's rows up to the last token's.
  let head: WeightMatrix
  private var isStale = true

  init(
    _ layout: ParameterLayout, width: Int, queryWidth: Int, keyWidth: Int, hiddenWidth: Int,
    headRows: Int
  ) {
    layers = layout.layers.map {
      Layer(
        queryKeyValue: WeightMatrix(
          offset: $0.queryKeyValue, outputs: queryWidth + 2 * keyWidth, inputs: width),
        output: WeightMatrix(offset: $0.output, outputs: width, inputs: queryWidth),
        gateUp: WeightMatrix(offset: $0.gateUp, outputs: 2 * hiddenWidth, inputs: width),
        down: WeightMatrix(offset: $0.down, outputs: width, inputs: hiddenWidth))
    }
    head = WeightMatrix(offset: layout.head, outputs: headRows, inputs: width)
  }

  /// Notes that parameters have changed. Call this whenever they have.
  func parametersChanged() { isStale = true }

  /// Makes the copies anew if parameters have changed.
  func refresh(_ parameters: FloatBuffer, _ backEnd: ProductBackEnd, pool: ThreadPool) {
    guard isStale else { return }
    isStale = false
    guard case .oneDNN(let precision) = backEnd else { return }
    let matrices = [head] + layers.flatMap { [$0.gateUp, $0.down, $0.queryKeyValue, $0.output] }
    for matrix in matrices { matrix.prepare(precision) }
    // In parts, since the head alone may have a quarter of all weights.
    let parts = matrices.flatMap { matrix in
      PanelShares.packedParts(outputs: matrix.outputs).map { (matrix, $0) }
    }
    pool.run(parts.count) { index, _ in
      parts[index].0.refresh(parts[index].1, parameters, precision)
    }
  }
}

/// Multiplies rows by weight matrices: forward for each layer, and back for its gradient.
extension Network {
  /// Computes y = x · wᵀ, or adds that to y.
  ///
  /// - Parameters:
  ///   - rows: a multiple of the back end's granule.
  ///   - isShared: whether threads share out the columns; not within another loop of the pool.
  func multiply(
    _ x: UnsafePointer<Float>, stride: Int, by weight: WeightMatrix, into y: FloatBuffer.Pointer,
    stride yStride: Int, rows: Int, isAdding: Bool = false, isShared: Bool = false,
    _ scratch: WorkerScratch
  ) {
    guard case .oneDNN(let precision) = backEnd, let packed = weight.packed else {
      return MatrixProduct.timesTransposed(
        x, stride: stride, parameters.pointer + weight.offset, stride: weight.inputs, into: y,
        stride: yStride, rows: rows, inner: weight.inputs, columns: weight.outputs,
        keeping: isAdding ? 1 : 0)
    }
    var input = UnsafeRawPointer(x)
    if precision == .bf16 {
      let rounded = scratch.rounded.reserve(rows * weight.inputs)
      tk_to_bf16(x, Int32(stride), rounded, Int32(rows), Int32(weight.inputs))
      input = UnsafeRawPointer(rounded)
    }
    let product = tk_product(
      rows: Int32(rows), inner: Int32(weight.inputs), columns: Int32(weight.outputs),
      x_row_stride: Int32(precision == .bf16 ? weight.inputs : stride), x_inner_stride: 1,
      w_inner_stride: 0, w_column_stride: 0, y_stride: Int32(yStride),
      element: Int32(precision.element.rawValue), adds: isAdding ? 1 : 0)
    if isShared && weight.outputs > PanelShares.panel {
      multiplyShared(product, input, by: weight, packed, into: y)
    } else {
      OneDNN.multiply(product, input, packed, y)
    }
  }

  /// Lets each thread compute some panels of outputs, aside, and move them into y. The bits are
  /// those of one product.
  private func multiplyShared(
    _ whole: tk_product, _ input: UnsafeRawPointer, by weight: WeightMatrix,
    _ packed: UnsafeMutableRawPointer, into y: FloatBuffer.Pointer
  ) {
    let shares = PanelShares(outputs: weight.outputs, threads: pool.threadCount)
    let rows = Int(whole.rows)
    pool.run(shares.count) { share, worker in
      let (first, columns) = shares[share]
      var product = whole
      product.columns = Int32(columns)
      product.y_stride = Int32(columns)
      product.adds = 0
      let part = self.scratch[worker].share.reserve(rows * columns)
      OneDNN.multiply(product, input, packed + share * shares.panels * weight.panelBytes, part)
      for row in 0..<rows {
        let target = y + row * Int(whole.y_stride) + first
        if whole.adds == 0 {
          target.update(from: part + row * columns, count: columns)
        } else {
          tk_add(part + row * columns, target, Int32(columns))
        }
      }
    }
  }

  /// Computes dx = dy · w.
  ///
  /// - Parameters:
  ///   - rows: the rows that count; all three buffers have room for more, up to the granule.
  ///   - rounded: memory for dy in bf16, padded with rows of zeros; used in that precision alone.
  func multiplyBack(
    _ dy: UnsafePointer<Float>, by weight: WeightMatrix, into dx: FloatBuffer.Pointer, rows: Int,
    rounded: BrainFloatBuffer.Pointer
  ) {
    guard case .oneDNN(let precision) = backEnd else {
      return MatrixProduct.times(
        dy, stride: weight.outputs, parameters.pointer + weight.offset, stride: weight.inputs,
        into: dx, stride: weight.inputs, rows: rows, inner: weight.outputs,
        columns: weight.inputs)
    }
    let product = tk_product(
      rows: Int32(RowTiles.padded(rows)), inner: Int32(weight.outputs),
      columns: Int32(weight.inputs), x_row_stride: Int32(weight.outputs), x_inner_stride: 1,
      w_inner_stride: Int32(weight.inputs), w_column_stride: 1, y_stride: Int32(weight.inputs),
      element: Int32(precision.element.rawValue), adds: 0)
    if precision == .bf16 {
      round(dy, into: rounded, rows: rows, count: weight.outputs)
      OneDNN.multiply(product, rounded, weight.rounded.pointer, dx)
    } else {
      OneDNN.multiply(product, dy, parameters.pointer + weight.offset, dx)
    }
  }

  /// Rounds rows to bf16, and fills up to the granule with rows of zeros.
  func round(
    _ x: UnsafePointer<Float>, into rounded: BrainFloatBuffer.Pointer, rows: Int, count: Int
  ) {
    tk_to_bf16(x, Int32(count), rounded, Int32(rows), Int32(count))
    (rounded + rows * count).update(
      repeating: 0, count: (RowTiles.padded(rows) - rows) * count)
  }
}

/// Calls oneDNN for products in a precision that it was asked about before.
enum OneDNN {
  /// - Precondition: `ProductBackEnd.choose` gave oneDNN in this precision.
  static func multiply(
    _ product: tk_product, _ x: UnsafeRawPointer, _ w: UnsafeRawPointer,
    _ y: FloatBuffer.Pointer
  ) {
    let isDone = withUnsafePointer(to: product) { tk_dnn_multiply($0, x, w, y) }
    precondition(isDone, "oneDNN multiplies any sizes in a precision that it takes")
  }
}
