import Charts

/// How far from 0 a figure draws lines: to their ends, unless a few places are so far out that all others
/// would lie flat on the axis. Then lines are cut there, and the figure says at which number.
package struct FigureReach {
  /// The largest |w/A| up to which every figure shows all.
  private static let small = 12.0
  /// The share of each line's places that must be within the cut.
  private static let bulk = 0.9
  /// How far beyond the bulk's largest the axis may go to show all.
  private static let room = 5.0

  /// Where lines are cut; `nil`: nowhere.
  package let bound: Double?

  /// - Parameter curves: all that the figure draws of a method; its axis fits nine of ten places of
  ///   each, so none can be cut away as a whole.
  package init(_ curves: [WeightCurve]) {
    let most = curves.flatMap(\.points).map { max(abs($0.low), abs($0.high)) }.max() ?? 0
    let bulk =
      curves.map { curve in
        let sizes = curve.points.map { abs($0.mean) }.sorted()
        return sizes.isEmpty ? 0 : sizes[Int(Self.bulk * Double(sizes.count - 1))]
      }.max() ?? 0
    bound = most <= max(Self.small, Self.room * bulk) ? nil : max(Self.small, 2 * bulk)
  }

  /// Returns a value, or the cut that it is beyond.
  func held(_ value: Double) -> Double {
    guard let bound else { return value }
    return min(max(value, -bound), bound)
  }

  /// Returns the pieces of a line that are within reach, each as far as the cut.
  ///
  /// - Parameter place: of a point's x along the axis, with `x` as its inverse.
  package func pieces(
    _ points: [Chart.Point], place: (Double) -> Double, x: (Double) -> Double
  ) -> [[Chart.Point]] {
    guard let bound, let first = points.first else { return points.isEmpty ? [] : [points] }
    var pieces: [[Chart.Point]] = []
    var piece: [Chart.Point] = abs(first.y) <= bound ? [first] : []
    for (one, next) in zip(points, points.dropFirst()) {
      // Where the way from one point to the next passes a cut: shares of it, in order.
      let crossings = [-bound, bound].map { ($0 - one.y) / (next.y - one.y) }
        .filter { $0 > 0 && $0 < 1 }.sorted()
      for share in crossings {
        let height = one.y + share * (next.y - one.y)
        let there = place(one.x) + share * (place(next.x) - place(one.x))
        piece.append(Chart.Point(x: x(there), y: height < 0 ? -bound : bound))
        if piece.count > 1 {
          pieces.append(piece)
          piece = []
        }
      }
      if abs(next.y) <= bound {
        piece.append(next)
      } else if !piece.isEmpty {
        // It leaves from the cut itself.
        pieces.append(piece)
        piece = []
      }
    }
    return pieces + (piece.isEmpty ? [] : [piece])
  }
}
