/// Quantiles of per-token columns.
public enum Quantile {
  /// The value below which a share of the values lies, between neighbours by linear interpolation, as
  /// `torch.quantile` has it.
  ///
  /// - Parameters:
  ///   - share: in 0...1; 0: the smallest, 1: the largest.
  ///   - values: in any order.
  /// - Returns: `nil` for no values, or if one is not a number.
  /// - Complexity: O(n log n).
  public static func linear(_ share: Double, of values: [Float]) -> Float? {
    guard !values.isEmpty, values.allSatisfy({ !$0.isNaN }) else { return nil }
    let sorted = values.sorted()
    let place = min(max(share, 0), 1) * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    let part = place - Double(below)
    // Equal ends need no arithmetic, and infinite ones would give NaN.
    if part == 0 || sorted[below] == sorted[above] { return sorted[below] }
    return Float(Double(sorted[below]) + part * (Double(sorted[above]) - Double(sorted[below])))
  }
}
