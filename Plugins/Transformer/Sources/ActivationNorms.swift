/// Notes the norms of one backward pass's gradients at the layers' activations, for each token.
///
/// The pieces have sequences of one completion token each that share no prompt: then a sequence's
/// rows hold that token's gradient and no other's. One item of work sums up a token, in `Double`,
/// so that squares of small gradients don't vanish and bits don't depend on threads.
final class ActivationNorms {
  /// The number of places whose gradients are noted: the embedding, the layers' exits, the logits.
  private let layerCount: Int
  private let width: Int
  private let logitCount: Int
  /// The norms over all rows, and those of the predicting row: `[tokens, layers]`.
  private(set) var norms: [Float] = []
  private(set) var ownNorms: [Float] = []
  /// The squares of the piece at hand.
  private let squares = NumberBuffer<Double>()
  private let ownSquares = NumberBuffer<Double>()

  init(layerCount: Int, width: Int, logitCount: Int) {
    self.layerCount = layerCount
    self.width = width
    self.logitCount = logitCount
  }

  /// Makes room for a piece's tokens.
  func begin(tokens: Int) {
    for buffer in [squares, ownSquares] { buffer.reserve(tokens * layerCount) }
  }

  /// Appends the norms of the piece's tokens.
  func end(tokens: Int) {
    for place in 0..<tokens * layerCount {
      norms.append(Float(squares.pointer[place].squareRoot()))
      ownNorms.append(Float(ownSquares.pointer[place].squareRoot()))
    }
  }

  /// - Parameter gradient: the gradient of a token's logits, `[logits]`, at its own position.
  func noteLogits(_ token: Int, _ gradient: UnsafePointer<Float>) {
    let place = token * layerCount + layerCount - 1
    let square = Self.square(gradient, logitCount)
    squares.pointer[place] = square
    ownSquares.pointer[place] = square
  }

  /// - Parameters:
  ///   - layer: 0 for the embedding's exit; n for the exit of the n-th layer.
  ///   - exit: the gradient of that exit, `[rows, width]`.
  func noteResidual(
    _ layer: Int, _ batch: PackedBatch, exit: UnsafePointer<Float>, pool: ThreadPool
  ) {
    pool.run(batch.members.count) { token, _ in
      let rows = batch.members[token].prompt
      let place = token * self.layerCount + layer
      let own = Self.square(exit + (rows.upperBound - 1) * self.width, self.width)
      let others = Self.square(
        exit + rows.lowerBound * self.width, (rows.count - 1) * self.width)
      self.squares.pointer[place] = others + own
      self.ownSquares.pointer[place] = own
    }
  }

  private static func square(_ x: UnsafePointer<Float>, _ count: Int) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += Double(x[i]) * Double(x[i]) }
    return sum
  }
}
