import FulcrumKernel

/// Samples each step's prompts while the step before trains: one step off the policy.
///
/// Step n trains on completions of the policy before step n − 1. The first step has nobody to sample
/// for it and begins on the policy itself; so does the second, which is sampled while the first trains.
/// What was sampled is a function of the configuration and the seed, as without it.
package struct AheadRollouts: RolloutSource {
  private let sampler: RolloutSampler
  private let policy: any SeparateSamplerPolicy
  private let promptsPerStep: Int
  /// The run's last step: nothing is sampled for a step after it.
  private let steps: Int
  private var order: TaskOrder
  package private(set) var consumedItems: Int
  /// Completions that are there, by their steps: of the step that was asked for last, which may fail and
  /// be done again, and of the one after it.
  private var sampled: [UInt32: Generation]
  /// The step that is being sampled.
  private var underWay: UInt32?

  /// - Parameters:
  ///   - policy: the sampler's.
  ///   - steps: the run's last step.
  ///   - consumedItems: the place in the task's order to begin at.
  ///   - ahead: what a checkpoint kept of a step.
  package init(
    sampler: RolloutSampler, policy: any SeparateSamplerPolicy, order: TaskOrder,
    promptsPerStep: Int, steps: Int, consumedItems: Int = 0,
    ahead: (step: UInt32, generation: Generation)? = nil
  ) {
    self.sampler = sampler
    self.policy = policy
    self.order = order
    self.promptsPerStep = promptsPerStep
    self.steps = steps
    self.consumedItems = consumedItems
    sampled = ahead.map { [$0.step: $0.generation] } ?? [:]
  }

  package mutating func next(step: UInt32) throws(FulcrumError) -> CollectedRollout {
    let (items, following) = try order.items(from: consumedItems, count: promptsPerStep)
    let request = try sampler.request(items, step: step)
    let generation: Generation
    if let ahead = try ahead(of: step), ahead.answers(request) {
      generation = ahead
    } else {
      generation = try sampler.sampled { () throws(FulcrumError) in
        try policy.generate(request)
      }
    }
    sampled = [step: generation]
    // The sampler works on while rewards judge, too.
    if Int(step) < steps {
      let (later, _) = try order.items(from: following, count: promptsPerStep)
      try policy.beginGenerating(try sampler.request(later, step: step + 1))
      underWay = step + 1
    }
    let rollout = try sampler.complete(items, generation)
    let rewards = rollout.rewards.filter { !$0.isNaN }
    consumedItems = following
    return try CollectedRollout(
      whole: rollout, rule: sampler.onFailure, sampledPrompts: items.count,
      sampledTokens: rollout.sequences.tokenCount,
      sampledReward: rewards.reduce(0) { $0 + Double($1) } / Double(max(1, rewards.count)),
      refills: nil)
  }

  package mutating func ahead(of step: UInt32) throws(FulcrumError) -> Generation? {
    if underWay == step {
      // A request that failed is not under way any more.
      underWay = nil
      sampled[step] = try sampler.sampled { () throws(FulcrumError) in
        try policy.finishGenerating()
      }
    }
    return sampled[step]
  }
}

extension Generation {
  /// Whether it has completions of the request's prompts: data may have changed since a checkpoint.
  fileprivate func answers(_ request: GenerationRequest) -> Bool {
    sequences.groupCount == request.prompts.count
      && request.prompts.indices.allSatisfy { group in
        sequences.prompt(ofGroup: group) == request.prompts[group].tokens
          && sequences.sequences(ofGroup: group).count == request.samplesPerPrompt
      }
  }
}
