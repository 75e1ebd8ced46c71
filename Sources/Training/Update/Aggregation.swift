import FulcrumKernel

/// How the terms of a mini-batch's tokens become one objective: the factor of each token.
///
/// With N tokens and S sequences that count, and n tokens in a sequence. Only whole mini-batches
/// enter, so how they are cut into pieces can't change it.
/// - Source: the names are verl's `loss_agg_mode`; Dr.GRPO (arXiv 2503.20783) is
///   `seq-mean-token-sum-norm`, DAPO (arXiv 2503.14476) and arXiv 2505.12929 `token-mean`, the first
///   GRPO (arXiv 2402.03300) `seq-mean-token-mean`.
package struct Aggregation: Sendable, Equatable {
  package enum Kind: String, CaseIterable, Sendable {
    /// 1/N: every token counts the same.
    case tokenMean = "token-mean"
    /// 1/(S·n): every sequence counts the same, however long.
    case sequenceMeanTokenMean = "seq-mean-token-mean"
    /// 1/S: a sequence counts as much as it is long.
    case sequenceMeanTokenSum = "seq-mean-token-sum"
    /// 1/(S·L) with a fixed length L. Older verl divides by L alone.
    case sequenceMeanTokenSumNorm = "seq-mean-token-sum-norm"
  }

  package let kind: Kind
  /// L of `seq-mean-token-sum-norm`, in tokens.
  package let length: Int

  package init(_ kind: Kind, length: Int = 1) {
    self.kind = kind
    self.length = max(1, length)
  }

  /// The share of each token of each sequence of a mini-batch; 0 for sequences that don't count.
  ///
  /// - Parameter counts: whether each of the members counts, in their order.
  package func shares(of sequences: SequenceBatch, members: Range<Int>, counts: [Bool]) -> [Double]
  {
    let lengths = members.map { sequences.tokens(ofSequence: $0).count }
    let counted = zip(lengths, counts).filter { $0.1 }
    let tokens = Double(counted.reduce(0) { $0 + $1.0 })
    let total = Double(counted.count)
    return zip(lengths, counts).map { length, counts in
      guard counts, length > 0 else { return 0 }
      return switch kind {
      case .tokenMean: 1 / tokens
      case .sequenceMeanTokenMean: 1 / (total * Double(length))
      case .sequenceMeanTokenSum: 1 / total
      case .sequenceMeanTokenSumNorm: 1 / (total * Double(self.length))
      }
    }
  }
}
