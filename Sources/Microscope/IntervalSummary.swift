import FulcrumKernel
import Training

/// A column of numbers, one for each token, told interval by interval. NaN for an interval without
/// tokens.
package struct IntervalSummary: Sendable {
  package static let count = ProbabilityIntervals.names.count
  /// The shares of `quantiles`.
  package static let shares = [0.01, 0.25, 0.5, 0.75, 0.99]

  /// For each interval, the quantiles at `shares`.
  package let quantiles: [[Double]]
  package let mean: [Double]
  package let meanAbsolute: [Double]

  /// - Parameter intervals: each token's, from 0.
  package init(_ values: [Float], intervals: [Int]) {
    var parts = [[Float]](repeating: [], count: Self.count)
    for (value, interval) in zip(values, intervals) { parts[interval].append(value) }
    for index in parts.indices { parts[index].sort() }
    quantiles = parts.map { part in
      Self.shares.map { share in Quantile.linear(share, of: part).map(Double.init) ?? .nan }
    }
    mean = parts.map { Self.mean($0.map(Double.init)) }
    meanAbsolute = parts.map { Self.mean($0.map { abs(Double($0)) }) }
  }

  private static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : Statistics.mean(values)
  }
}

/// Mean and spread over batches, place by place; a batch whose value is NaN has no say there.
package enum OverBatches {
  package static func mean(_ batches: [[Double]]) -> [Double] {
    columns(batches).map { $0.isEmpty ? .nan : Statistics.mean($0) }
  }

  package static func mean(_ batches: [[[Double]]]) -> [[Double]] {
    guard let first = batches.first else { return [] }
    return first.indices.map { row in mean(batches.map { $0[row] }) }
  }

  /// The unbiased standard deviation; 0 for one batch, NaN for none.
  package static func spread(_ batches: [[Double]]) -> [Double] {
    columns(batches).map { $0.isEmpty ? .nan : Statistics.deviation($0) }
  }

  private static func columns(_ batches: [[Double]]) -> [[Double]] {
    guard let first = batches.first else { return [] }
    return first.indices.map { place in batches.map { $0[place] }.filter { !$0.isNaN } }
  }
}
