import FulcrumKernel

/// Holds a reward function with its weight in the sum of rewards.
package struct WeightedReward {
  package let reward: Named<any RewardFn>
  package let weight: Double

  package var name: String { reward.name }

  package init(name: String, component: any RewardFn, weight: Double = 1) {
    reward = Named("reward", name: name, component: component)
    self.weight = weight
  }

  /// Returns why no completion of an item could be right; `nil`: one could, or the function can't say.
  package func fault(in item: TaskItem) -> FulcrumError? {
    guard let judge = reward.component as? any AnswerCheckingReward else { return nil }
    do throws(FulcrumError) {
      try reward.call { (_) throws(FulcrumError) in try judge.check(item) }
      return nil
    } catch {
      return error
    }
  }

  /// Returns every sample's score; some may be missing.
  ///
  /// - Throws: what the reward function throws, with its name; `.pluginFault` for another number of
  ///   scores, or a reward that is not finite.
  package func scores(of samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    let scores = try reward.call { (component) throws(FulcrumError) in
      try component.score(samples)
    }
    guard scores.count == samples.count else {
      throw reward.fault("expected \(samples.count) scores, got \(scores.count)")
    }
    for score in scores {
      if let value = score.value, !value.isFinite {
        throw reward.fault("expected a finite reward, got \(value)")
      }
      guard score.value != nil || RewardOutcome.withoutScore.contains(score.outcome) else {
        let outcomes = RewardOutcome.withoutScore.map(\.rawValue).joined(separator: ", ")
        throw reward.fault(
          "expected one of \(outcomes) as the outcome of a completion without a score, got"
            + " '\(score.outcome.rawValue)'")
      }
    }
    return scores
  }
}
