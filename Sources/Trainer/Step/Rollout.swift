import Foundation
import FulcrumKernel

/// One step's prompts, completions and rewards, before advantages.
package struct Rollout {
  package let items: [TaskItem]
  package let generation: Generation
  /// The text of each completion, without special tokens.
  package let completions: [String]
  /// For each reward function, in the configuration's order, a score for each completion.
  package let scores: [[RewardScore]]

  package var sequences: SequenceBatch { generation.sequences }

  /// Each completion's reward: the sum over the reward functions.
  package var rewards: [Float] {
    completions.indices.map { i in Float(scores.reduce(0) { $0 + $1[i].reward }) }
  }

  /// How each completion fared, by the first reward function.
  package var outcomes: [RewardOutcome] { scores[0].map(\.outcome) }
}

/// Asks a policy for completions of tasks, and reward functions for their judgement.
package struct RolloutSampler {
  package let policy: any PolicyModel
  package let rewards: [Named<any RewardFn>]
  package let samples: Int
  package let maximumTokens: Int
  package let temperature: Float
  package let seed: UInt64

  package init(
    policy: any PolicyModel, rewards: [Named<any RewardFn>], samples: Int, maximumTokens: Int,
    temperature: Float, seed: UInt64
  ) {
    self.policy = policy
    self.rewards = rewards
    self.samples = samples
    self.maximumTokens = maximumTokens
    self.temperature = temperature
    self.seed = seed
  }

  /// - Parameter step: part of the key of every random draw.
  /// - Throws: `.data` for a prompt that leaves no room; what a reward function throws, with its
  ///   name and the item's.
  package func collect(_ items: [TaskItem], step: UInt32) throws(FulcrumError) -> Rollout {
    var prompts: [GenerationRequest.Prompt] = []
    for (index, item) in items.enumerated() {
      let tokens = try policy.encode(item.prompt)
      guard tokens.count + maximumTokens <= policy.contextLength else {
        throw FulcrumError(
          .data,
          "the prompt has \(tokens.count) tokens and leaves no room for \(maximumTokens) more in a"
            + " context of \(policy.contextLength)", at: item.id,
          hint: "lower max-new-tokens, or use a policy with a longer context")
      }
      prompts.append(GenerationRequest.Prompt(tokens: tokens, id: UInt32(index)))
    }
    let generation = try policy.generate(
      GenerationRequest(
        prompts: prompts, samplesPerPrompt: samples, maximumTokens: maximumTokens,
        temperature: temperature, seed: seed, step: step))
    var judged: [RewardSample] = []
    let sequences = generation.sequences
    for (group, item) in items.enumerated() {
      for sequence in sequences.sequences(ofGroup: group) {
        let range = sequences.tokens(ofSequence: sequence)
        let text = try policy.decode(
          sequences.tokens.extracting(range).array, keepingSpecialTokens: false)
        judged.append(
          RewardSample(
            prompt: item.prompt, completion: text, answer: item.answer,
            isFinished: generation.isFinished[sequence]))
      }
    }
    var scores: [[RewardScore]] = []
    for reward in rewards { scores.append(try Self.score(judged, by: reward)) }
    return Rollout(
      items: items, generation: generation, completions: judged.map(\.completion), scores: scores)
  }

  private static func score(_ samples: [RewardSample], by reward: Named<any RewardFn>)
    throws(FulcrumError) -> [RewardScore]
  {
    let scores: [RewardScore]
    do {
      scores = try reward.component.score(samples)
    } catch {
      throw error.within("reward \(reward.name)")
    }
    guard scores.count == samples.count else {
      throw FulcrumError(
        .pluginFault, "expected \(samples.count) scores, got \(scores.count)",
        at: "reward \(reward.name)")
    }
    for score in scores where !score.reward.isFinite {
      throw FulcrumError(
        .pluginFault, "expected a finite reward, got \(score.reward)", at: "reward \(reward.name)")
    }
    return scores
  }
}
