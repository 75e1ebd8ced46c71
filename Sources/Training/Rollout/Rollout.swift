import FulcrumKernel

/// One step's prompts, completions and rewards, before advantages.
package struct Rollout: Sendable {
  package let items: [TaskItem]
  /// Group g holds the completions of item g.
  package let sequences: SequenceBatch
  /// log π of each sampled token at the rollout temperature, in nats.
  package let logProbabilities: [Float]
  /// Whether each completion ended by itself.
  package let isFinished: [Bool]
  /// The text of each completion, without special tokens.
  package let completions: [String]
  /// For each reward function, in the configuration's order, a score for each completion.
  package let scores: [[RewardScore]]
  /// How much each reward function counts.
  package let rewardWeights: [Double]

  package init(
    items: [TaskItem], sequences: SequenceBatch, logProbabilities: [Float], isFinished: [Bool],
    completions: [String], scores: [[RewardScore]], rewardWeights: [Double]
  ) {
    self.items = items
    self.sequences = sequences
    self.logProbabilities = logProbabilities
    self.isFinished = isFinished
    self.completions = completions
    self.scores = scores
    self.rewardWeights = rewardWeights
  }

  /// Each completion's reward: the weighted sum over the reward functions; NaN where one of them
  /// has no score.
  package var rewards: [Float] {
    completions.indices.map { i in
      Float(zip(scores, rewardWeights).reduce(0) { $0 + $1.1 * $1.0[i].reward })
    }
  }

  /// How each completion fared, by the first reward function.
  package var outcomes: [RewardOutcome] { scores[0].map(\.outcome) }

  /// Whether some completions of a group differ in reward: if not, they teach nothing.
  package func hasSpread(_ members: [Int], rewards: [Float]) -> Bool {
    members.contains { rewards[$0] != rewards[members[0]] }
  }

  /// Some groups of some rollouts, in that order.
  package static func gather(_ parts: [(rollout: Rollout, groups: [Int])]) -> Rollout {
    gather(
      parts.map { rollout, groups in
        (rollout, groups.map { Array(rollout.sequences.sequences(ofGroup: $0)) })
      })
  }

  /// Some sequences of some rollouts: for each group that is to be, its members, of one group.
  ///
  /// - Precondition: no group is empty.
  package static func gather(_ parts: [(rollout: Rollout, members: [[Int]])]) -> Rollout {
    var items: [TaskItem] = []
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    var logProbabilities: [Float] = []
    var members: [(rollout: Rollout, sequence: Int)] = []
    for (rollout, groups) in parts {
      let sequences = rollout.sequences
      for group in groups {
        let place = sequences.group(ofSequence: group[0])
        items.append(rollout.items[place])
        prompts.append(sequences.prompt(ofGroup: place))
        var own: [[Int32]] = []
        for sequence in group {
          let tokens = sequences.tokens(ofSequence: sequence)
          own.append(sequences.tokens.extracting(tokens).array)
          logProbabilities += rollout.logProbabilities[tokens]
          members.append((rollout, sequence))
        }
        completions.append(own)
      }
    }
    let rewardCount = parts.first?.rollout.scores.count ?? 0
    return Rollout(
      items: items,
      sequences: SequenceBatch(prompts: prompts, completions: completions),
      logProbabilities: logProbabilities,
      isFinished: members.map { $0.rollout.isFinished[$0.sequence] },
      completions: members.map { $0.rollout.completions[$0.sequence] },
      scores: (0..<rewardCount).map { index in
        members.map { $0.rollout.scores[index][$0.sequence] }
      }, rewardWeights: parts.first?.rollout.rewardWeights ?? [])
  }
}

extension SequenceBatch {
  /// A copy of a group's prompt.
  package func prompt(ofGroup group: Int) -> [Int32] {
    promptTokens.extracting(promptOffsets[group]..<promptOffsets[group + 1]).array
  }
}
