/// The host's four ways to weigh tokens against each other, as shares of a mini-batch's sequences.
package enum Aggregation: String, CaseIterable, Sendable {
  case tokenMean = "token-mean"
  case sequenceMeanTokenMean = "seq-mean-token-mean"
  case sequenceMeanTokenSum = "seq-mean-token-sum"
  case sequenceMeanTokenSumNorm = "seq-mean-token-sum-norm"

  /// - Parameter horizon: the fixed length L of the last way.
  package func shares(lengths: [Int], horizon: Int) -> [Double] {
    let tokens = Double(lengths.reduce(0, +))
    let sequences = Double(lengths.count)
    return lengths.map { length in
      switch self {
      case .tokenMean: 1 / tokens
      case .sequenceMeanTokenMean: length == 0 ? 0 : 1 / (sequences * Double(length))
      case .sequenceMeanTokenSum: 1 / sequences
      case .sequenceMeanTokenSumNorm: 1 / (sequences * Double(horizon))
      }
    }
  }
}
