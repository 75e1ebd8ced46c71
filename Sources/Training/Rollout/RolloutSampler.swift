import FulcrumKernel
import Stages

extension TaskItem {
  /// The item's place for messages: where it was read, or its name.
  package var place: String { location ?? id }
}

/// Asks a policy for completions of tasks' prompts, and reward functions for their scores.
package struct RolloutSampler {
  package let policy: any PolicyModel
  package let rewards: [WeightedReward]
  package let samples: Int
  package let maximumTokens: Int
  package let temperature: Float
  package let options: SamplingOptions
  package let seed: UInt64
  package let onFailure: MissingScoreRule

  package init(
    policy: any PolicyModel, rewards: [WeightedReward], samples: Int, maximumTokens: Int,
    temperature: Float, options: SamplingOptions = SamplingOptions(), seed: UInt64,
    onFailure: MissingScoreRule = .stop
  ) {
    self.policy = policy
    self.rewards = rewards
    self.samples = samples
    self.maximumTokens = maximumTokens
    self.temperature = temperature
    self.options = options
    self.seed = seed
    self.onFailure = onFailure
  }

  /// The most tokens that a prompt may have; below 1: there is no room for any.
  package var promptLimit: Int { policy.contextLength - maximumTokens }

  /// Samples completions and has them judged.
  ///
  /// - Throws: as `request`, `sampled` and `complete`.
  package func collect(_ items: [TaskItem], step: UInt32, firstPrompt: Int = 0)
    throws(FulcrumError) -> Rollout
  {
    let request = try request(items, step: step, firstPrompt: firstPrompt)
    let generation = try sampled { () throws(FulcrumError) in try policy.generate(request) }
    return try complete(items, generation)
  }

  /// Returns what a policy is asked for.
  ///
  /// - Parameters:
  ///   - step: part of the key of every random draw.
  ///   - firstPrompt: the first item's number among the step's prompts, part of the key too.
  /// - Throws: `.data` for a prompt that leaves no room.
  func request(_ items: [TaskItem], step: UInt32, firstPrompt: Int = 0) throws(FulcrumError)
    -> GenerationRequest
  {
    var prompts: [GenerationRequest.Prompt] = []
    for (index, item) in items.enumerated() {
      let tokens = try policy.encode(item.prompt)
      guard tokens.count <= promptLimit else {
        throw FulcrumError(
          .data,
          "the prompt has \(tokens.count) tokens and leaves no room for \(maximumTokens) more in a"
            + " context of \(policy.contextLength)", at: item.place,
          hint:
            "'task.overlong: drop' leaves such items out (in RUN/run.yaml for a run to be resumed);"
            + " or lower max-new-tokens, or use a policy with a longer context")
      }
      prompts.append(
        GenerationRequest.Prompt(tokens: tokens, id: UInt32(firstPrompt + index)))
    }
    var request = GenerationRequest(
      prompts: prompts, samplesPerPrompt: samples, maximumTokens: maximumTokens,
      temperature: temperature, seed: seed, step: step)
    options.apply(to: &request)
    return request
  }

  /// - Throws: what the policy throws; `.notFinite` for log-probabilities that are not.
  func sampled(_ work: () throws(FulcrumError) -> Generation) throws(FulcrumError) -> Generation {
    let generation = try Stage.within("policy, sampling", work)
    guard generation.logProbabilities.allSatisfy(\.isFinite) else {
      throw FulcrumError(
        .notFinite, "expected finite log-probabilities of sampled tokens, got others",
        at: "policy", hint: "its weights have run away: lower the learning rate")
    }
    return generation
  }

  /// Has completions judged that the policy sampled.
  ///
  /// - Throws: what a reward function throws, with its name; `.pluginFault` for a policy that keeps no
  ///   limits.
  func complete(_ items: [TaskItem], _ generation: Generation) throws(FulcrumError) -> Rollout {
    let rollout = try judge(
      items, sequences: generation.sequences, logProbabilities: generation.logProbabilities,
      isFinished: generation.isFinished)
    try options.checkKept(in: rollout)
    return rollout
  }

  /// Lets the reward functions judge completions. They were sampled by this policy, or by one with
  /// its tokenizer.
  ///
  /// - Throws: what a reward function throws; `.data` for a completion without a score, where the
  ///   rule is to stop. Under any other rule, the rollout holds all completions, scored or not.
  package func judge(
    _ items: [TaskItem], sequences: SequenceBatch, logProbabilities: [Float], isFinished: [Bool]
  ) throws(FulcrumError) -> Rollout {
    var judged: [RewardSample] = []
    for (group, item) in items.enumerated() {
      for sequence in sequences.sequences(ofGroup: group) {
        let range = sequences.tokens(ofSequence: sequence)
        let text = try policy.decode(
          sequences.tokens.extracting(range).array, keepingSpecialTokens: false)
        judged.append(
          RewardSample(
            prompt: item.prompt, completion: text, answer: item.answer,
            isFinished: isFinished[sequence], tokenCount: range.count,
            tokenLimit: maximumTokens, id: item.id, fields: item.fields, messages: item.messages))
      }
    }
    var scores: [[RewardScore]] = []
    for reward in rewards { scores.append(try reward.scores(of: judged)) }
    let rollout = Rollout(
      items: items, sequences: sequences, logProbabilities: logProbabilities,
      isFinished: isFinished, completions: judged.map(\.completion), scores: scores,
      rewardWeights: rewards.map(\.weight))
    if onFailure == .stop { try refuseMissing(in: rollout) }
    return rollout
  }

  private func refuseMissing(in rollout: Rollout) throws(FulcrumError) {
    for sequence in 0..<rollout.sequences.sequenceCount {
      for (reward, scores) in zip(rewards, rollout.scores) where scores[sequence].isMissing {
        throw FulcrumError(
          .data,
          "expected a score for every completion, got none for \(rollout.describe(sequence))",
          at: "reward \(reward.name)",
          hint: "'rollout.on-failure: drop-sample' or 'drop-group' goes on without; 'fulcrum reward"
            + " score' tries a reward function on the texts of a file")
      }
    }
  }
}
