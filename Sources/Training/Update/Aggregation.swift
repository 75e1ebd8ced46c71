import FulcrumKernel

/// Adds the terms of a mini-batch's tokens up to one objective, by a factor for each token.
///
/// N and S are the numbers of tokens and sequences that count, n is the number of tokens in a
/// sequence. The factors depend on whole mini-batches alone, so the cuts into pieces can't change
/// them.
///
/// - Source: the names are verl's `loss_agg_mode`; Dr.GRPO (arXiv 2503.20783) is
///   `seq-mean-token-sum-norm`, DAPO (arXiv 2503.14476) and arXiv 2505.12929 `token-mean`, the
///   first GRPO (arXiv 2402.03300) `seq-mean-token-mean`.
package struct Aggregation: Sendable, Equatable {
  package enum Kind: String, CaseIterable, Sendable {
    /// 1/N: every token counts the same.
    case tokenMean = "token-mean"
    /// 1/(S·n): every sequence counts the same, whatever its length.
    case sequenceMeanTokenMean = "seq-mean-token-mean"
    /// 1/S: a sequence counts in proportion to its length.
    case sequenceMeanTokenSum = "seq-mean-token-sum"
    /// 1/(S·L) with a fixed length L. Older versions of verl divide by L alone.
    case sequenceMeanTokenSumNorm = "seq-mean-token-sum-norm"
  }

  package let kind: Kind
  /// The fixed length L of `seq-mean-token-sum-norm`, in tokens.
  package let length: Int

  package init(_ kind: Kind, length: Int = 1) {
    self.kind = kind
    self.length = max(1, length)
  }

  /// Returns the factor of each sequence's tokens in a mini-batch; 0 for sequences that don't
  /// count.
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
