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

  /// Each completion's reward: the weighted sum over the reward functions.
  package var rewards: [Float] {
    completions.indices.map { i in
      Float(zip(scores, rewardWeights).reduce(0) { $0 + $1.1 * $1.0[i].reward })
    }
  }

  /// How each completion fared, by the first reward function.
  package var outcomes: [RewardOutcome] { scores[0].map(\.outcome) }

  /// Whether the completions of a group differ in reward: if not, they teach nothing.
  package func hasSpread(group: Int, rewards: [Float]) -> Bool {
    let members = sequences.sequences(ofGroup: group)
    return members.contains { rewards[$0] != rewards[members.lowerBound] }
  }

  /// Some groups of some rollouts, in that order.
  package static func gather(_ parts: [(rollout: Rollout, groups: [Int])]) -> Rollout {
    var prompts: [[Int32]] = []
    var completions: [[[Int32]]] = []
    var logProbabilities: [Float] = []
    var members: [(rollout: Rollout, sequence: Int)] = []
    for (rollout, groups) in parts {
      let sequences = rollout.sequences
      for group in groups {
        prompts.append(sequences.prompt(ofGroup: group))
        var own: [[Int32]] = []
        for sequence in sequences.sequences(ofGroup: group) {
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
      items: parts.flatMap { part in part.groups.map { part.rollout.items[$0] } },
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
  func prompt(ofGroup group: Int) -> [Int32] {
    promptTokens.extracting(promptOffsets[group]..<promptOffsets[group + 1]).array
  }
}
