import FulcrumKernel

extension RewardScore {
  /// Whether the reward function gave no score.
  package var isMissing: Bool { value == nil }
}

/// Decides about a completion that a reward function could not score.
package enum MissingScoreRule: String, CaseIterable, Sendable {
  /// The run stops.
  case stop
  /// The completion leaves the step; so does its group, if one completion or none is left to
  /// compare.
  case dropSample = "drop-sample"
  /// The completion's whole group leaves the step.
  case dropGroup = "drop-group"

  /// Returns the sequences of a group that stay; none if the group leaves.
  package func kept(of rollout: Rollout, group: Int) -> [Int] {
    let all = rollout.sequences.sequences(ofGroup: group)
    let scored = all.filter { !rollout.isMissing($0) }
    guard scored.count < all.count else { return scored }
    // A group of one has nothing to be compared with, so it would teach nothing.
    return self == .dropGroup || scored.count < 2 ? [] : scored
  }
}

extension Rollout {
  /// Tells whether some reward function has no score for a completion.
  package func isMissing(_ sequence: Int) -> Bool { scores.contains { $0[sequence].isMissing } }

  /// Returns the rollout that is left for the update, and the place of each of its sequences in
  /// this one.
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

  /// Returns a rollout with scores taken away, as they were missing when it was recorded.
  ///
  /// - Parameter outcomes: for each sequence, one outcome for each reward function: the outcome
  ///   with which it had no score, or an empty text; `nil` if no score is missing.
  package func missing(_ outcomes: [[String]?]) -> Rollout {
    let count = scores.count
    guard outcomes.contains(where: { $0?.count == count }) else { return self }
    let left = scores.enumerated().map { reward, scores in
      zip(scores, outcomes).map { score, outcomes in
        guard let outcomes, outcomes.count == count else { return score }
        let outcome = RewardOutcome(rawValue: outcomes[reward])
        guard !score.isMissing, RewardOutcome.withoutScore.contains(outcome) else { return score }
        return .missing(outcome, reason: "as it was recorded")
      }
    }
    return Rollout(
      items: items, sequences: sequences, logProbabilities: logProbabilities,
      isFinished: isFinished, completions: completions, scores: left,
      rewardWeights: rewardWeights)
  }

  /// Describes a completion without a score, for messages: which one, by which reward function, and
  /// why.
  package func describe(_ sequence: Int) -> String {
    let group = sequences.group(ofSequence: sequence)
    let number = sequence - sequences.sequences(ofGroup: group).lowerBound + 1
    let score = scores.lazy.map { $0[sequence] }.first(where: \.isMissing)
    return "completion \(number) of '\(items[group].id)', outcome"
      + " '\(score?.outcome.rawValue ?? "")'" + (score?.reason.map { ": \($0)" } ?? "")
  }
}

/// Counts how often each reward function had a score, and how often not, over all that was sampled.
package struct ScoreTally: Sendable {
  /// The number of scores of each reward function; `missing` has the samples without one, by
  /// outcome.
  package private(set) var values: [Int]
  package private(set) var missing: [[RewardOutcome: Int]]
  /// Completions that were sampled but are in no update, because they or others of their group lack
  /// a score.
  private(set) var droppedSamples = 0

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
