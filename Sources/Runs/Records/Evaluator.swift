import FulcrumKernel
import Training

/// Measures a policy's accuracy on held-out items.
package struct Evaluator {
  /// Samples as many completions of an item as the configuration says.
  let sampler: RolloutSampler
  /// Takes the most likely completion; `nil`: only sampled ones are taken.
  let greedy: RolloutSampler?
  /// The k of pass@k.
  let k: Int

  /// The completions that are sampled between two reports of progress. A policy is faster with many
  /// at once.
  private static let batch = 256

  package init(sampler: RolloutSampler, greedy: RolloutSampler?, k: Int) {
    self.sampler = sampler
    self.greedy = greedy
    self.k = k
  }

  /// Samples completions of each item and counts the correct ones.
  ///
  /// The draws are the same at every evaluation, so two of them differ by the policy alone. Where
  /// the configuration lets a run go on without a score, a completion isn't counted if the first
  /// reward function could not score it.
  ///
  /// - Parameter progress: receives the number of items that are done, from 0 on.
  package func run(_ items: [TaskItem], progress: (_ done: Int) -> Void = { _ in })
    throws(FulcrumError) -> Evaluation
  {
    var order: [String] = []
    var tallies: [String: Tally] = [:]
    let size = max(1, Self.batch / sampler.samples)
    for first in stride(from: 0, to: items.count, by: size) {
      progress(first)
      let part = Array(items[first..<min(first + size, items.count)])
      // The number of a prompt keys its draws, so they don't depend on the batch.
      let samples = try counts(part, by: sampler, first: first)
      let likeliest = try greedy.map { (sampler) throws(FulcrumError) in
        try counts(part, by: sampler, first: first)
      }
      for (index, item) in part.enumerated() {
        if tallies[item.category] == nil { order.append(item.category) }
        tallies[item.category, default: Tally()].add(
          item, samples[index], greedy: likeliest?[index])
      }
    }
    if !items.isEmpty { progress(items.count) }
    return Evaluation(rows: order.compactMap { category in tallies[category]?.row(category, self) })
  }

  /// Counts the completions of each item.
  private func counts(_ items: [TaskItem], by sampler: RolloutSampler, first: Int)
    throws(FulcrumError) -> [Evaluation.Counts]
  {
    let rollout = try sampler.collect(items, step: UInt32.max, firstPrompt: first)
    return items.indices.map { item in
      let scores = rollout.sequences.sequences(ofGroup: item).map { rollout.scores[0][$0] }
      return Evaluation.Counts(
        correct: scores.count { $0.outcome == .correct }, count: scores.count { !$0.isMissing })
    }
  }

  /// Gathers the items of a category.
  private struct Tally {
    var samples: [Evaluation.Counts] = []
    var greedy: [Evaluation.Counts] = []
    var forms = ItemForms()

    mutating func add(
      _ item: TaskItem, _ samples: Evaluation.Counts, greedy: Evaluation.Counts?
    ) {
      self.samples.append(samples)
      if let greedy { self.greedy.append(greedy) }
      forms.add(item)
    }

    func row(_ category: String, _ evaluator: Evaluator) -> Evaluation.Row {
      let numbers = forms.numbersWhereAlike
      let isSampled = evaluator.sampler.samples > 1
      return Evaluation.Row(
        category: category,
        counts: isSampled ? samples.reduce(Evaluation.Counts(), +) : Self.sum(samples, numbers),
        samples: isSampled ? SampledItems(k: evaluator.k, items: samples, forms: numbers) : nil,
        greedy: evaluator.greedy == nil ? nil : Self.sum(greedy, numbers),
        forms: numbers == nil ? nil : forms.count)
    }

    /// Adds up counts of one completion an item; items of one form are worth less than others.
    private static func sum(_ items: [Evaluation.Counts], _ forms: [Int]?) -> Evaluation.Counts {
      var sum = items.reduce(Evaluation.Counts(), +)
      if forms != nil {
        sum.effectiveCount = SampledItems(k: 1, items: items, forms: forms).passAt1.effectiveCount
      }
      return sum
    }
  }
}
