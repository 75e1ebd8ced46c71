extension Statistics {
  /// Returns the estimate of pass@k from n samples of an item, the probability that at least one of
  /// k samples is correct: 1 − C(n − c, k) / C(n, k).
  ///
  /// It is the share of sets of k among the n samples with a correct one in them, and so without
  /// bias. Written as a product, for binomials of many samples are too large for a float.
  ///
  /// - Parameters:
  ///   - correct: c, from 0 to n.
  ///   - samples: n, at least k.
  ///   - k: at least 1.
  /// - Source: Chen et al., "Evaluating Large Language Models Trained on Code", arXiv 2107.03374,
  ///   equation 1.
  package static func passAtK(correct: Int, samples: Int, k: Int) -> Double {
    precondition(1 <= k && k <= samples && 0 <= correct && correct <= samples)
    guard samples - correct >= k else { return 1 }
    var none = 1.0
    for size in samples - correct..<samples { none *= 1 - Double(k) / Double(size + 1) }
    return 1 - none
  }
}
