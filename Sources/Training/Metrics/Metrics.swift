import FulcrumKernel

/// Holds the metrics of one step, in the order in which they are written.
package struct Metrics: Sendable {
  package private(set) var entries: [(name: String, value: Double)] = []

  /// - Parameter entries: all of different names.
  package init(_ entries: [(name: String, value: Double)] = []) { self.entries = entries }

  package mutating func set(_ name: String, _ value: Double) {
    if let index = entries.firstIndex(where: { $0.name == name }) {
      entries[index].value = value
    } else {
      entries.append((name, value))
    }
  }

  /// Sets every mean that was observed, by name.
  package mutating func set(_ sums: MetricSums) {
    for name in sums.entries.keys.sorted() {
      if let mean = sums.mean(name) { set(name, mean) }
    }
  }

  package subscript(name: String) -> Double? { entries.first { $0.name == name }?.value }
}

extension Metrics {
  /// Sets rewards, outcomes and lengths of a rollout, under TRL's names where it has them.
  package mutating func describe(_ collected: CollectedRollout, rewardNames: [String]) {
    let rollout = collected.rollout
    let rewards = rollout.rewards.map(Double.init)
    let sequences = rollout.sequences
    let groups = (0..<sequences.groupCount).map { group in
      sequences.sequences(ofGroup: group).map { rewards[$0] }
    }
    let deviations = groups.map(Statistics.deviation)
    set(MetricName.reward, Statistics.mean(rewards))
    set("reward_std", Statistics.mean(deviations))
    set(
      MetricName.groupsWithoutSpread,
      Statistics.mean(groups.map { group in group.allSatisfy { $0 == group[0] } ? 1 : 0 }))
    let outcomes = collected.whole.outcomes
    for (index, name) in WeightedReward.apart(rewardNames).enumerated() {
      let values = rollout.scores[index].compactMap(\.value)
      let key = "rewards/\(name)"
      set("\(key)/mean", Statistics.mean(values))
      set("\(key)/std", Statistics.deviation(values))
      guard let tally = collected.tally else { continue }
      set("\(key)/outcomes/value", Double(tally.values[index]))
      for outcome in RewardOutcome.withoutScore {
        set("\(key)/outcomes/\(outcome.rawValue)", Double(tally.missing[index][outcome] ?? 0))
      }
    }
    let others = Set(outcomes).subtracting(RewardOutcome.standard).sorted {
      $0.rawValue < $1.rawValue
    }
    set(
      MetricName.accuracy, Statistics.mean(rollout.outcomes.map { $0 == .correct ? 1 : 0 }))
    for outcome in RewardOutcome.standard + others {
      set("outcomes/\(outcome.rawValue)", Double(outcomes.count { $0 == outcome }))
    }
    let finished = rollout.isFinished
    let lengths = finished.indices.map { Double(sequences.tokens(ofSequence: $0).count) }
    set(MetricName.meanLength, Statistics.mean(lengths))
    set("completions/min_length", lengths.min() ?? 0)
    set("completions/max_length", lengths.max() ?? 0)
    set("completions/clipped_ratio", Statistics.mean(finished.map { $0 ? 0 : 1 }))
    if let tally = collected.tally {
      set("sampling/dropped_samples", Double(tally.droppedSamples))
    }
    if collected.tally != nil || collected.refills != nil {
      set("sampling/dropped_groups", Double(collected.sampledPrompts - rollout.items.count))
    }
    guard let refills = collected.refills else { return }
    set("sampling/refills", Double(refills))
    set("sampling/reward", collected.sampledReward)
  }
}

/// Computes statistics of samples, in Double.
package enum Statistics {
  package static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// The unbiased standard deviation; 0 for fewer than two values.
  package static func deviation(_ values: [Double]) -> Double {
    guard values.count > 1 else { return 0 }
    let center = mean(values)
    let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// Wilson's 95 % interval for a share of `successes` in `count`.
  ///
  /// - Source: Wilson, JASA 22 (1927); it stays inside 0...1 and is sound for small counts.
  package static func wilson(successes: Int, count: Int) -> ClosedRange<Double> {
    wilson(share: Double(successes) / Double(max(1, count)), size: Double(count))
  }

  /// Wilson's 95 % interval for a share among `size` independent draws, which need not be whole.
  package static func wilson(share: Double, size n: Double) -> ClosedRange<Double> {
    guard n > 0 else { return 0...1 }
    /// The 97.5 % point of the normal distribution.
    let z = 1.959963984540054
    let center = (share + z * z / (2 * n)) / (1 + z * z / n)
    let half =
      z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return max(0, center - half)...min(1, center + half)
  }
}
