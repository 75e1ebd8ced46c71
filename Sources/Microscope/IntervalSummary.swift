import FulcrumKernel
import Training

/// Quantiles and means of a column of numbers, one for each token, interval by interval. NaN for an
/// interval without tokens.
package struct IntervalSummary: Sendable {
  static let count = ProbabilityIntervals.names.count
  /// The levels of `quantiles`.
  static let levels = [0.01, 0.25, 0.5, 0.75, 0.99]

  /// For each interval, the quantiles at `levels`.
  package let quantiles: [[Double]]
  package let mean: [Double]
  package let meanAbsolute: [Double]

  /// - Parameter intervals: each token's interval, from 0.
  init(_ values: [Float], intervals: [Int]) {
    var parts = [[Float]](repeating: [], count: Self.count)
    for (value, interval) in zip(values, intervals) { parts[interval].append(value) }
    for index in parts.indices { parts[index].sort() }
    quantiles = parts.map { part in
      Self.levels.map { level in Quantile.linear(level, of: part).map(Double.init) ?? .nan }
    }
    mean = parts.map { Self.mean($0.map(Double.init)) }
    meanAbsolute = parts.map { Self.mean($0.map { abs(Double($0)) }) }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : Statistics.mean(values)
  }
}

/// Means and spreads over batches, place by place; a batch whose value is NaN has no say there.
enum OverBatches {
  static func mean(_ batches: [[Double]]) -> [Double] {
    columns(batches).map { $0.isEmpty ? .nan : Statistics.mean($0) }
  }

  static func mean(_ batches: [[[Double]]]) -> [[Double]] {
    guard let first = batches.first else { return [] }
    return first.indices.map { row in mean(batches.map { $0[row] }) }
  }

  /// Returns the unbiased standard deviation; 0 for one batch, NaN for none.
  static func spread(_ batches: [[Double]]) -> [Double] {
    columns(batches).map { $0.isEmpty ? .nan : Statistics.deviation($0) }
  }

  private static func columns(_ batches: [[Double]]) -> [[Double]] {
    guard let first = batches.first else { return [] }
    return first.indices.map { place in batches.map { $0[place] }.filter { !$0.isNaN } }
  }
}
