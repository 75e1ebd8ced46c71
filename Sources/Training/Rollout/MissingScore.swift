import FulcrumKernel

extension RewardOutcome {
  /// The reward function would not judge this sample.
  package static let refused = RewardOutcome(rawValue: "refused")
  /// The reward function took too long for this sample.
  package static let timeOut = RewardOutcome(rawValue: "time-out")

  /// The outcomes with which a reward function may say that it has no score, in the order of reports.
  package static let withoutScore: [RewardOutcome] = [.refused, .error, .timeOut]
}

extension RewardScore {
  /// Whether this is no score: a reward of NaN with one of the outcomes `refused`, `error` and
  /// `time-out`. A NaN with any other outcome is a fault of the reward function.
  package var isMissing: Bool { reward.isNaN && RewardOutcome.withoutScore.contains(outcome) }

  /// Why there is no score: the name of the first part whose value is NaN.
  package var reason: String? { isMissing ? parts.first { $0.value.isNaN }?.name : nil }
}

/// What becomes of a completion that a reward function could not score.
package enum MissingScoreRule: String, CaseIterable, Sendable {
  /// The run stops.
  case stop
  /// It leaves the step; so does its group, if one completion or none is left to compare.
  case dropSample = "drop-sample"
  /// Its whole group leaves the step.
  case dropGroup = "drop-group"

  /// The sequences of a group that stay; none: the group leaves.
  package func kept(of rollout: Rollout, group: Int) -> [Int] {
    let all = rollout.sequences.sequences(ofGroup: group)
    let scored = all.filter { !rollout.isMissing($0) }
    guard scored.count < all.count else { return scored }
    // A group of one has no other to be measured against; it would only seem to teach something.
    return self == .dropGroup || scored.count < 2 ? [] : scored
  }
}

extension Rollout {
  /// Whether some reward function has no score for a completion.
  package func isMissing(_ sequence: Int) -> Bool { scores.contains { $0[sequence].isMissing } }

  /// What is left for the update, and where each of its sequences is in this rollout.
  ///
  /// - Throws: `.data`, with the first reason, if nothing is left.
  package func dropping(by rule: MissingScoreRule) throws(FulcrumError) -> (
    rollout: Rollout, places: [Int]
  ) {
    let all = 0..<sequences.sequenceCount
    guard all.contains(where: isMissing) else { return (self, Array(all)) }
    let members = items.indices.map { rule.kept(of: self, group: $0) }.filter { !$0.isEmpty }
    guard !members.isEmpty else {
      let missing = all.filter(isMissing)
      let first = missing.first.map { ": " + describe($0) } ?? ""
      throw FulcrumError(
        .data,
        "expected a group of completions with scores, got none: \(missing.count) of \(all.count)"
          + " completions have none; the first\(first)", at: "rollout.on-failure",
        hint: "'fulcrum reward score' tries a reward function on the texts of a file")
    }
    return (Rollout.gather([(self, members)]), members.flatMap(\.self))
  }

  /// The same with scores taken away.
  ///
  /// - Parameter outcomes: for each sequence, if any are missing, each reward function's outcome with
  ///   which it had no score, or an empty text.
  package func missing(_ outcomes: [[String]?]) -> Rollout {
    let count = scores.count
    guard outcomes.contains(where: { $0?.count == count }) else { return self }
    let left = scores.enumerated().map { reward, scores in
      zip(scores, outcomes).map { score, outcomes in
        guard let outcomes, outcomes.count == count else { return score }
        let outcome = RewardOutcome(rawValue: outcomes[reward])
        guard !score.isMissing, RewardOutcome.withoutScore.contains(outcome) else { return score }
        return RewardScore(
          reward: .nan, outcome: outcome, parts: [(name: "as it was recorded", value: .nan)])
      }
    }
    return Rollout(
      items: items, sequences: sequences, logProbabilities: logProbabilities,
      isFinished: isFinished, completions: completions, scores: left,
      rewardWeights: rewardWeights)
  }

  /// A completion without a score, for messages: which, by whom, and why.
  package func describe(_ sequence: Int) -> String {
    let group = sequences.group(ofSequence: sequence)
    let number = sequence - sequences.sequences(ofGroup: group).lowerBound + 1
    let score = scores.lazy.map { $0[sequence] }.first(where: \.isMissing)
    return "completion \(number) of '\(items[group].id)', outcome"
      + " '\(score?.outcome.rawValue ?? "")'" + (score?.reason.map { ": \($0)" } ?? "")
  }
}

/// How often each reward function had a score, and how often not, over all that was sampled.
package struct ScoreTally: Sendable {
  /// For each reward function: scores, and samples without one by outcome.
  package private(set) var values: [Int]
  package private(set) var missing: [[RewardOutcome: Int]]
  /// Completions that were sampled and are in no update for want of a score, their group's included.
  package private(set) var droppedSamples = 0

  package init(rewards: Int) {
    values = Array(repeating: 0, count: rewards)
    missing = Array(repeating: [:], count: rewards)
  }

  package mutating func add(_ rollout: Rollout, rule: MissingScoreRule) {
    for (index, scores) in rollout.scores.enumerated() {
      for score in scores {
        if score.isMissing {
          missing[index][score.outcome, default: 0] += 1
        } else {
          values[index] += 1
        }
      }
    }
    for group in rollout.items.indices {
      droppedSamples +=
        rollout.sequences.sequences(ofGroup: group).count
        - rule.kept(of: rollout, group: group).count
    }
  }
}
