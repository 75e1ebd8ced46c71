import FulcrumKernel

/// Holds one step's prompts, completions and rewards, before advantages.
package struct Rollout: Sendable {
  package let items: [TaskItem]
  /// The prompts with their completions; group g holds the completions of item g.
  package let sequences: SequenceBatch
  /// log π of each sampled token at the rollout temperature, in nats.
  package let logProbabilities: [Float]
  /// Whether each completion ended by itself.
  package let isFinished: [Bool]
  /// The text of each completion, without special tokens.
  package let completions: [String]
  /// For each reward function, in the configuration's order, a score for each completion.
  package let scores: [[RewardScore]]
  /// The weight of each reward function in the sum.
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
      Float(zip(scores, rewardWeights).reduce(0) { $0 + $1.1 * ($1.0[i].value ?? .nan) })
    }
  }

  /// The outcome of each completion, by the first reward function.
  package var outcomes: [RewardOutcome] { scores[0].map(\.outcome) }

  /// Tells whether some completions of a group differ in reward. A group without spread teaches
  /// nothing.
  package func hasSpread(_ members: [Int], rewards: [Float]) -> Bool {
    members.contains { rewards[$0] != rewards[members[0]] }
  }

  /// Gathers some groups of some rollouts, in that order.
  package static func gather(_ parts: [(rollout: Rollout, groups: [Int])]) -> Rollout {
    gather(
      parts.map { rollout, groups in
        (rollout, groups.map { Array(rollout.sequences.sequences(ofGroup: $0)) })
      })
  }

  /// Gathers some sequences of some rollouts. Each list of members becomes a group; they are of one
  /// group before.
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
  /// Copies a group's prompt.
  package func prompt(ofGroup group: Int) -> [Int32] {
    promptTokens.extracting(promptOffsets[group]..<promptOffsets[group + 1]).array
  }
}
