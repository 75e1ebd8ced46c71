import FulcrumKernel

/// Holds a step's rollout, and counts of all that was sampled to get it.
package struct CollectedRollout: Sendable {
  /// The completions that the update is on.
  package let rollout: Rollout
  /// The rollout with the completions that were dropped for want of a score, too.
  package let whole: Rollout
  /// The place of each sequence of `rollout` in `whole`.
  package let places: [Int]
  /// Counts of scores by reward function; `nil`: a completion without a score stops the run.
  package let tally: ScoreTally?
  /// Prompts sampled, including those of dropped groups.
  package var sampledPrompts: Int
  /// Completion tokens sampled, including those of dropped groups.
  package var sampledTokens: Int
  /// Mean reward over all that was sampled and scored.
  package var sampledReward: Double
  /// The number of draws for dropped groups; `nil`: groups are not dropped.
  package var refills: Int?

  package init(
    rollout: Rollout, sampledPrompts: Int, sampledTokens: Int, sampledReward: Double,
    refills: Int? = nil
  ) {
    self.rollout = rollout
    whole = rollout
    places = Array(0..<rollout.sequences.sequenceCount)
    tally = nil
    self.sampledPrompts = sampledPrompts
    self.sampledTokens = sampledTokens
    self.sampledReward = sampledReward
    self.refills = refills
  }

  /// Leaves the completions without a score out of a rollout.
  ///
  /// - Parameter tally: counts of scores; `nil`: those of `whole`.
  /// - Throws: `.data` if nothing is left.
  package init(
    whole: Rollout, rule: MissingScoreRule, tally: ScoreTally? = nil, sampledPrompts: Int,
    sampledTokens: Int, sampledReward: Double, refills: Int?
  ) throws(FulcrumError) {
    self.whole = whole
    (rollout, places) = try whole.dropping(by: rule)
    var counted = ScoreTally(rewards: whole.scores.count)
    if tally == nil { counted.add(whole, rule: rule) }
    self.tally = rule == .stop ? nil : tally ?? counted
    self.sampledPrompts = sampledPrompts
    self.sampledTokens = sampledTokens
    self.sampledReward = sampledReward
    self.refills = refills
  }
}

/// Provides a run's rollouts.
package protocol RolloutSource {
  /// Returns the next step's rollout. Steps are asked for in order.
  mutating func next(step: UInt32) throws(FulcrumError) -> CollectedRollout

  /// The number of the task's training items that were taken: a resumed run goes on from there.
  var consumedItems: Int { get }

  /// The last step that there is a rollout for; `nil`: there is no end.
  var lastStep: Int? { get }

  /// Returns what a checkpoint keeps of a step that is not done, of those that are sampled ahead; waits
  /// for it. `nil`: nothing was sampled for it, or nothing is ever sampled ahead.
  mutating func ahead(of step: UInt32) throws(FulcrumError) -> Generation?
}

extension RolloutSource {
  package var lastStep: Int? { nil }
  package mutating func ahead(of step: UInt32) throws(FulcrumError) -> Generation? { nil }
}

/// Samples each step's prompts. With dynamic sampling it draws others for groups that teach
/// nothing.
///
/// - Source: dynamic sampling is DAPO's (arXiv 2503.14476, section 3.2).
package struct SampledRollouts: RolloutSource {
  private let sampler: RolloutSampler
  private let promptsPerStep: Int
  /// The most draws of a step for groups of equal rewards; `nil`: such groups stay.
  private let maximumRefills: Int?
  private var order: TaskOrder
  package private(set) var consumedItems: Int

  /// - Parameters:
  ///   - maximumRefills: how often a step may draw again; `nil`: dynamic sampling is off.
  ///   - consumedItems: the place in the task's order to begin at.
  package init(
    sampler: RolloutSampler, order: TaskOrder, promptsPerStep: Int, maximumRefills: Int?,
    consumedItems: Int = 0
  ) {
    self.sampler = sampler
    self.order = order
    self.promptsPerStep = promptsPerStep
    self.maximumRefills = maximumRefills
    self.consumedItems = consumedItems
  }

  /// - Throws: what sampling throws; `.data` if too few groups have unequal rewards after all
  ///   refills. No items are consumed then.
  package mutating func next(step: UInt32) throws(FulcrumError) -> CollectedRollout {
    var parts: [(rollout: Rollout, groups: [Int])] = []
    var kept = 0
    var next = consumedItems
    var sampled = 0
    var tokens = 0
    var rewardSum = 0.0
    var completions = 0
    var refills = 0
    let rule = sampler.onFailure
    var tally = ScoreTally(rewards: sampler.rewards.count)
    while true {
      let (items, following) = try order.items(from: next, count: promptsPerStep - kept)
      let rollout = try sampler.collect(items, step: step, firstPrompt: sampled)
      next = following
      sampled += items.count
      tokens += rollout.sequences.tokenCount
      let rewards = rollout.rewards
      for reward in rewards where !reward.isNaN {
        rewardSum += Double(reward)
        completions += 1
      }
      tally.add(rollout, rule: rule)
      let groups = items.indices.filter {
        maximumRefills == nil
          || rollout.hasSpread(rule.kept(of: rollout, group: $0), rewards: rewards)
      }
      parts.append((rollout, groups))
      kept += groups.count
      if kept == promptsPerStep { break }
      guard let maximumRefills, refills < maximumRefills else {
        throw FulcrumError(
          .data,
          "expected \(promptsPerStep) prompts whose completions differ in reward, got \(kept) of"
            + " \(sampled) sampled in \(refills + 1) rounds",
          at: "rollout.dynamic-sampling",
          hint: "the policy finds the prompts too hard or too easy: raise rollout.samples or"
            + " rollout.max-refills, change the task, or turn dynamic sampling off")
      }
      refills += 1
    }
    let collected = try CollectedRollout(
      whole: parts.count == 1 && parts[0].groups.count == parts[0].rollout.items.count
        ? parts[0].rollout : Rollout.gather(parts),
      rule: rule, tally: tally, sampledPrompts: sampled, sampledTokens: tokens,
      sampledReward: rewardSum / Double(max(1, completions)),
      refills: maximumRefills.map { _ in refills })
    consumedItems = next
    return collected
  }
}
