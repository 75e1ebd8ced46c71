import Training

/// Holds how the samples of a category's items fared, item by item.
package struct SampledItems: Sendable, Equatable {
  /// The k of pass@k.
  package let k: Int
  /// What each of some policies made of the items: for each item a count of its samples.
  private let runs: [[Evaluation.Counts]]
  /// For each item, the number of its form; `nil`: no two items are alike.
  package let forms: [Int]?

  /// - Parameters:
  ///   - k: at least 1.
  ///   - items: what a policy made of each item.
  ///   - forms: for each item, the number of its form; `nil`: no two items are alike.
  package init(k: Int, items: [Evaluation.Counts], forms: [Int]? = nil) {
    self.init(k: k, runs: [items], forms: forms)
  }

  private init(k: Int, runs: [[Evaluation.Counts]], forms: [Int]?) {
    self.k = k
    self.runs = runs
    self.forms = forms
  }

  /// Puts together what several policies made of the same items, whose values are means over
  /// policies then; `nil` if they are not of one form.
  package static func pooled(_ parts: [SampledItems]) -> SampledItems? {
    guard let first = parts.first,
      parts.allSatisfy({
        $0.k == first.k && $0.items.count == first.items.count && $0.forms == first.forms
      })
    else { return nil }
    return SampledItems(k: first.k, runs: parts.flatMap(\.runs), forms: first.forms)
  }

  /// For each item, a count of its samples.
  package var items: [Evaluation.Counts] {
    runs[0].indices.map { item in runs.map { $0[item] }.reduce(Evaluation.Counts(), +) }
  }

  /// The number of items that have a score.
  package var itemCount: Int { items.count { $0.count > 0 } }

  /// The mean over items of the share of correct samples.
  package var passAt1: ClusteredShare { share(scores: 1, value: \.share) }

  /// The mean over items of the estimate of pass@k, without items that have fewer scores than k;
  /// `nil` if k is 1.
  package var passAtK: ClusteredShare? {
    guard k > 1 else { return nil }
    return share(scores: k) {
      Statistics.passAtK(correct: $0.correct, samples: $0.count, k: k)
    }
  }

  /// - Parameter scores: an item with fewer doesn't count.
  private func share(scores: Int, value: (Evaluation.Counts) -> Double) -> ClusteredShare {
    var values: [Double] = []
    var clusters: [Int] = []
    var draws = 0
    for item in runs[0].indices {
      let counted = runs.map { $0[item] }.filter { $0.count >= scores }
      guard !counted.isEmpty else { continue }
      values.append(Statistics.mean(counted.map(value)))
      clusters.append(forms?[item] ?? item)
      draws += counted.reduce(0) { $0 + $1.count }
    }
    return ClusteredShare(values, clusters: clusters, draws: draws)
  }
}
