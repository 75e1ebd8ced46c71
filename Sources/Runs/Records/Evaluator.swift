import FulcrumKernel
import Training

/// Measures a policy's accuracy on held-out items.
package struct Evaluator {
  /// Samples as many completions of an item as the configuration says.
  let sampler: RolloutSampler
  /// Sample as many at further temperatures.
  let others: [(temperature: Double, sampler: RolloutSampler)]
  /// Takes the most likely completion; `nil`: only sampled ones are taken.
  let greedy: RolloutSampler?
  /// The k of pass@k.
  let k: Int

  /// Holds the completions that one sampler made of some items.
  package struct Pass {
    /// The temperature as it was configured; 0: the most likely completions.
    package let temperature: Double
    package let rollout: Rollout
  }

  /// The completions that are sampled between two reports of progress. A policy is faster with many
  /// at once.
  private static let batch = 256

  package init(
    sampler: RolloutSampler, others: [(temperature: Double, sampler: RolloutSampler)] = [],
    greedy: RolloutSampler?, k: Int
  ) {
    self.sampler = sampler
    self.others = others
    self.greedy = greedy
    self.k = k
  }

  /// The names of the reward functions, each its own.
  var rewardNames: [String] { WeightedReward.apart(sampler.rewards.map(\.name)) }

  /// Samples completions of each item and counts the correct ones, by each reward function that tells
  /// right from wrong.
  ///
  /// The draws are the same at every evaluation, so two of them differ by the policy alone. Where
  /// the configuration lets a run go on without a score, a completion isn't counted by a reward function
  /// that could not score it.
  ///
  /// - Parameters:
  ///   - transfer: the categories of items that are of other tasks than the one that is trained on.
  ///   - progress: receives the number of items that are done, from 0 on.
  ///   - each: receives the completions of some items, by each sampler: the main one's, those at other
  ///     temperatures, the most likely ones.
  package func run(
    _ items: [TaskItem], transfer: Set<String> = [], progress: (_ done: Int) -> Void = { _ in },
    each: (_ passes: [Pass]) throws(FulcrumError) -> Void = { _ in }
  ) throws(FulcrumError) -> Evaluation {
    var order: [String] = []
    var tallies: [String: Tally] = [:]
    var judges = Set([0])
    var samplers = [(temperature: Self.configured(sampler.temperature), sampler: sampler)]
    samplers += others
    if let greedy { samplers.append((temperature: 0, sampler: greedy)) }
    let size = max(1, Self.batch / sampler.samples)
    for first in stride(from: 0, to: items.count, by: size) {
      progress(first)
      let part = Array(items[first..<min(first + size, items.count)])
      // The number of a prompt keys its draws, so they don't depend on the batch.
      var passes: [Pass] = []
      for (temperature, sampler) in samplers {
        let rollout = try sampler.collect(part, step: UInt32.max, firstPrompt: first)
        passes.append(Pass(temperature: temperature, rollout: rollout))
      }
      try each(passes)
      let counts = passes.map { Self.counts($0.rollout, &judges) }
      for (index, item) in part.enumerated() {
        if tallies[item.category] == nil { order.append(item.category) }
        tallies[item.category, default: Tally(passes: samplers.count)].add(
          item, counts.map { $0[index] })
      }
    }
    if !items.isEmpty { progress(items.count) }
    let names = rewardNames
    let rewards = judges.sorted().map { (place: $0, name: names[$0]) }
    return Evaluation(
      rows: order.compactMap { category in
        tallies[category]?.row(
          category, self, rewards: rewards, isTransfer: transfer.contains(category))
      })
  }

  /// Counts the completions of each item, by each reward function.
  ///
  /// - Parameter judges: the places of the reward functions that tell right from wrong.
  /// - Returns: for each item, counts in the order of the reward functions.
  private static func counts(_ rollout: Rollout, _ judges: inout Set<Int>)
    -> [[Evaluation.Counts]]
  {
    for (place, scores) in rollout.scores.enumerated()
    where scores.contains(where: { RewardOutcome.verdicts.contains($0.outcome) }) {
      judges.insert(place)
    }
    return rollout.items.indices.map { item in
      rollout.scores.map { scores in
        let own = rollout.sequences.sequences(ofGroup: item).map { scores[$0] }
        return Evaluation.Counts(
          correct: own.count { $0.outcome == .correct }, count: own.count { !$0.isMissing })
      }
    }
  }

  /// Returns a temperature as it was written, rather than the nearest Float's further digits.
  private static func configured(_ temperature: Float) -> Double {
    Double("\(temperature)") ?? Double(temperature)
  }

  /// Gathers the items of a category.
  private struct Tally {
    /// For each sampler, and each item, counts in the order of the reward functions.
    var passes: [[[Evaluation.Counts]]]
    var forms = ItemForms()

    init(passes: Int) { self.passes = Array(repeating: [], count: passes) }

    /// - Parameter counts: for each sampler, counts in the order of the reward functions.
    mutating func add(_ item: TaskItem, _ counts: [[Evaluation.Counts]]) {
      for (pass, own) in counts.enumerated() { passes[pass].append(own) }
      forms.add(item)
    }

    /// - Parameter rewards: the places and names of the reward functions that are counted; the first
    ///   is the configuration's first.
    func row(
      _ category: String, _ evaluator: Evaluator, rewards: [(place: Int, name: String)],
      isTransfer: Bool
    ) -> Evaluation.Row {
      let numbers = forms.numbersWhereAlike
      let verdicts = rewards.map { verdict(of: $0.place, evaluator, numbers) }
      return Evaluation.Row(
        category: category, verdict: verdicts[0],
        rewards: zip(rewards, verdicts).dropFirst().map { .init($0.name, $1) },
        forms: numbers == nil ? nil : forms.count, isTransfer: isTransfer)
    }

    private func verdict(of reward: Int, _ evaluator: Evaluator, _ forms: [Int]?)
      -> Evaluation.Verdict
    {
      let isSampled = evaluator.sampler.samples > 1
      func verdict(
        _ pass: Int, temperatures: [Evaluation.OtherTemperature] = [], greedy: Int? = nil
      )
        -> Evaluation.Verdict
      {
        let items = passes[pass].map { $0[reward] }
        return Evaluation.Verdict(
          counts: isSampled ? items.reduce(Evaluation.Counts(), +) : Self.sum(items, forms),
          samples: isSampled ? SampledItems(k: evaluator.k, items: items, forms: forms) : nil,
          greedy: greedy.map { Self.sum(passes[$0].map { $0[reward] }, forms) },
          temperatures: temperatures)
      }
      let others = evaluator.others.enumerated().map { place, other in
        Evaluation.OtherTemperature(other.temperature, verdict(1 + place))
      }
      return verdict(
        0, temperatures: others, greedy: evaluator.greedy == nil ? nil : passes.count - 1)
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

extension RewardOutcome {
  /// The outcomes of a reward function that tells right from wrong. One that has others only, as that of
  /// lengths has, says nothing of accuracy.
  static let verdicts: [RewardOutcome] = [.correct, .wrong, .unparseable, .badFormat]
}
