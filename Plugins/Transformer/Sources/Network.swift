import FulcrumKernel
import TransformerFormats

/// Holds a Llama-style model's parameters, and the means to run it.
///
/// Forward and backward passes are in extensions, one idea a file. Every pass is a sequence of
/// parallel loops over tiles of rows or over heads of sequences; all loops split their work by
/// shapes alone, so results don't depend on the number of threads.
package final class Network {
  package let shape: ModelShape
  /// The rows of embedding and head that have a token; the others have no probability.
  package let tokenRows: TokenRows
  package let layout: ParameterLayout
  /// All parameters, flat.
  package let parameters: FloatBuffer
  /// The most floats of logits that are kept for the backward pass: 128 MiB. A piece of work with
  /// more computes them again, part by part.
  package var logitsBudget = standardLogitsBudget
  static let standardLogitsBudget = 32 << 20
  /// The number of tokens whose logits are in memory at a time, rounded up to a granule. A tile of
  /// the head has no more rows either. 0: as many as the budget allows.
  package var logitRows = 0
  let pool: ThreadPool
  package let backEnd: ProductBackEnd
  let matrices: WeightMatrices
  /// The adapters that are trained in the parameters' stead; `nil`: all parameters are trained.
  package private(set) var adapter: Adapter?
  let scratch: [WorkerScratch]
  let rotary: RotaryPositions
  let keyValueLayout: KeyValueLayout
  /// Buffers of passes that no backward pass follows, and of those that one does.
  let transient: Activations
  let kept: Activations
  /// The last pass's scores of the completion tokens.
  package let tokenColumns = TokenColumns()
  let backwardBuffers = BackwardBuffers()
  let vectorSums: VectorSums

  let width: Int
  /// The number of components of all query heads.
  let queryWidth: Int
  /// The number of components of all key heads.
  let keyWidth: Int
  /// The number of components that are rotated: those of all query and key heads.
  let queryKeyWidth: Int
  let hiddenWidth: Int
  let epsilon: Float
  /// The scale of attention's scores: 1 / √headSize.
  let attentionScale: Float

  /// Makes a model whose parameters are all zero.
  ///
  /// - Parameter tokenRows: the rows that have a token; `nil`: all.
  package convenience init(
    _ shape: ModelShape, tokenRows: TokenRows? = nil, pool: ThreadPool,
    backEnd: ProductBackEnd = .openBLAS
  ) {
    self.init(
      shape, tokenRows: tokenRows ?? TokenRows(end: shape.vocabularySize), pool: pool,
      backEnd: backEnd, base: nil)
  }

  /// - Parameter base: the network whose parameters this one shares; `nil`: it has its own.
  private init(
    _ shape: ModelShape, tokenRows: TokenRows, pool: ThreadPool, backEnd: ProductBackEnd,
    base: Network?
  ) {
    MatrixProduct.prepare()
    self.shape = shape
    self.tokenRows = tokenRows
    self.pool = pool
    self.backEnd = backEnd
    layout = ParameterLayout(shape)
    parameters = base?.parameters ?? FloatBuffer(count: layout.floatCount)
    scratch = (0..<pool.threadCount).map { _ in WorkerScratch(shape) }
    rotary = RotaryPositions(shape)
    keyValueLayout = KeyValueLayout(shape)
    transient = Activations(shape, isKept: false)
    kept = Activations(shape, isKept: true)
    vectorSums = VectorSums(shape)
    width = shape.width
    queryWidth = shape.headCount * shape.headSize
    keyWidth = shape.keyValueHeadCount * shape.headSize
    queryKeyWidth = queryWidth + keyWidth
    hiddenWidth = shape.hiddenWidth
    epsilon = Float(shape.normEpsilon)
    attentionScale = 1 / Float(shape.headSize).squareRoot()
    matrices =
      base?.matrices
      ?? WeightMatrices(
        layout, width: width, queryWidth: queryWidth, keyWidth: keyWidth, hiddenWidth: hiddenWidth,
        headRows: tokenRows.end)
  }

  /// Returns a network of the same values, on threads of its own. What is trained is copied; the
  /// parameters that adapters leave as they are, and their copies for products, are shared.
  func copy(on pool: ThreadPool) -> Network {
    let copy = Network(
      shape, tokenRows: tokenRows, pool: pool, backEnd: backEnd,
      base: adapter == nil ? nil : self)
    copy.logitsBudget = logitsBudget
    copy.logitRows = logitRows
    if let adapter { copy.adapter = adapter.copy() } else { copy.replaceTrained(by: parameters) }
    return copy
  }

  /// Freezes the parameters, and trains adapters from here on.
  func attach(_ adapter: Adapter) { self.adapter = adapter }

  /// The tensors that are trained, and their values.
  package var trainedTable: ParameterTable { adapter?.layout.table ?? layout.table }
  package var trained: FloatBuffer { adapter?.parameters ?? parameters }

  /// The distance between rows of queries, keys and values.
  var queryKeyValueStride: Int { queryWidth + 2 * keyWidth }
  /// The number of logits of a place: rows behind the last token's have none.
  var logitCount: Int { tokenRows.end }
  /// The number of query heads that share a key head.
  var headsPerKey: Int { shape.headCount / shape.keyValueHeadCount }

  /// Notes that trained values were written. Call this after every change.
  package func parametersChanged() {
    if let adapter { adapter.parametersChanged() } else { matrices.parametersChanged() }
  }

  /// Readies the back end for passes with the present values.
  func prepareProducts() {
    matrices.refresh(parameters, backEnd, pool: pool)
    adapter?.refresh(pool: pool)
  }

  /// Sets the trained values to fresh draws.
  package func initialize(from random: CounterRandom) {
    trainedTable.initialize(trained, from: random, pool: pool)
    parametersChanged()
  }
}
