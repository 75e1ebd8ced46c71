/// The slope of a loss along one coordinate, from losses that were each rounded to `Float`.
///
/// Central differences at ±h/2 and ±h, h = 2⁻⁶, combined so that their error of second order
/// cancels (Richardson): what is left is of the order h⁴/120, 10⁻⁹ of the fifth derivative. Rounding
/// counts for more: eight half-ulps are allowed for each loss that moves, which divided by h/2 is
/// 2⁻¹² of their sum. Coordinates are multiples of 2⁻¹⁰, so moving one is exact.
///
/// A corner of the loss within 2h gives no slope. It shows in one-sided slopes: where the loss is
/// smooth their difference grows in proportion to the step, and at a corner it does not. Of the
/// steps h/2, h and 2h at least one pair tells, wherever the corner is; one that is too small to
/// tell is also too small to count.
struct Slope {
  static let step = 0x1p-6
  /// The share of its own size that a weight may be off by: the terms that rounding and truncation leave out.
  static let relative = 0x1p-10

  let value: Double
  /// The distance that the slope may be off by rounding.
  let noise: Double
  /// The distance of the loss from being smooth here.
  let kink: Double

  /// - Parameter losses: all tokens' losses with the coordinate moved by so much.
  init<Failure: Error>(
    of losses: (_ move: Double) throws(Failure) -> [Float]
  ) throws(Failure) {
    let base = try losses(0)
    var moving = [Double](repeating: 0, count: base.count)
    func change(_ move: Double) throws(Failure) -> Double {
      let moved = try losses(move)
      var sum = 0.0
      for token in moved.indices where moved[token] != base[token] {
        sum += Double(moved[token]) - Double(base[token])
        moving[token] = max(moving[token], abs(Double(moved[token])), abs(Double(base[token])))
      }
      return sum
    }
    let steps = [Self.step / 2, Self.step, Self.step * 2]
    var central: [Double] = []
    var oneSided: [Double] = []
    for step in steps {
      let above = try change(step)
      let below = try change(-step)
      central.append((above - below) / (2 * step))
      oneSided.append((above + below) / step)
    }
    value = (4 * central[0] - central[1]) / 3
    noise = moving.reduce(0, +) * 8 * 0x1p-24 * 2 / steps[0]
    kink = max(abs(oneSided[2] - 2 * oneSided[1]), abs(oneSided[1] - 2 * oneSided[0]))
  }

  /// The distance that a weight may have from −`value`.
  func tolerance(for weight: Double) -> Double {
    noise + Self.relative * max(abs(value), abs(weight))
  }
}
