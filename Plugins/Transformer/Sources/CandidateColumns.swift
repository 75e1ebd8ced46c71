import TransformerFormats

/// Holds the weights on other tokens of a place than the drawn one: ∂J/∂log π of its K likeliest.
final class CandidateColumns {
  /// The tokens' numbers, `[C, K]`, as the statistic that lists them has them.
  private let tokens = FloatBuffer()
  /// `[C, K]`.
  private let weights = FloatBuffer()
  private var width = 0

  /// Makes room for `width` candidates of each of `tokens` places, all of weight 0.
  func reset(tokens count: Int, width: Int) -> UnsafeMutableBufferPointer<Float> {
    self.width = width
    tokens.reserve(count * width)
    weights.reserve(count * width)
    let all = UnsafeMutableBufferPointer(start: weights.pointer, count: count * width)
    all.update(repeating: 0)
    return all
  }

  /// Copies the candidates' numbers.
  func take(_ listed: Span<Float>) {
    for index in listed.indices { tokens.pointer[index] = listed[index] }
  }

  func hasWeight(_ token: Int) -> Bool {
    (token * width..<(token + 1) * width).contains { weights.pointer[$0] != 0 }
  }

  /// The sum of a place's weights, which its whole distribution feels.
  func total(_ token: Int) -> Float {
    (token * width..<(token + 1) * width).reduce(0) { $0 + weights.pointer[$1] }
  }

  /// Adds c_k e_k / temperature − Σ c e_target / temperature to the gradient of a place's logits, which
  /// has the distribution's part for `total` at its target.
  func add(
    _ token: Int, target: Int32, total: Float, temperature: Float, to gradient: FloatBuffer.Pointer
  ) {
    gradient[Int(target)] -= total / temperature
    for index in token * width..<(token + 1) * width {
      gradient[Int(tokens.pointer[index])] += weights.pointer[index] / temperature
    }
  }

  func move(_ moves: RowMoves) {
    guard width > 0 else { return }
    moves.apply(to: tokens, width: width)
    moves.apply(to: weights, width: width)
  }
}
