import FulcrumKernel

/// Holds a reward function with its weight in the sum of rewards.
package struct WeightedReward {
  /// The largest size of a reward with its weight. Squares of rewards, and sums over a batch of
  /// them, stay far from the end of `Float`.
  package static let limit = 1e18

  package let reward: Named<any RewardFn>
  package let weight: Double

  /// The name under which metrics, samples and tables have it: its label, or the function's name.
  package let name: String

  /// - Parameter label: names it in place of the function's name; `nil`: nothing does.
  package init(name: String, component: any RewardFn, weight: Double = 1, label: String? = nil) {
    reward = Named("reward", name: name, component: component)
    self.weight = weight
    self.name = label ?? name
  }

  /// Tells rewards of one name apart by their places: `countdown-1`, `countdown-2`.
  package static func apart(_ names: [String]) -> [String] {
    names.enumerated().map { place, name in
      names.count { $0 == name } > 1 ? "\(name)-\(place + 1)" : name
    }
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
  ///   scores, and for a reward that is not finite or too large to be trained on, with the completion
  ///   that it is for.
  package func scores(of samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    let scores = try reward.call { (component) throws(FulcrumError) in
      try component.score(samples)
    }
    guard scores.count == samples.count else {
      throw reward.fault("expected \(samples.count) scores, got \(scores.count)")
    }
    for (number, score) in scores.enumerated() {
      if let value = score.value { try check(value, of: samples, number) }
      guard score.value != nil || RewardOutcome.withoutScore.contains(score.outcome) else {
        let outcomes = RewardOutcome.withoutScore.map(\.rawValue).joined(separator: ", ")
        throw reward.fault(
          "expected one of \(outcomes) as the outcome of a completion without a score, got"
            + " '\(score.outcome.rawValue)'")
      }
    }
    return scores
  }

  private func check(
    _ value: Double, of samples: [RewardSample], _ number: Int
  ) throws(FulcrumError) {
    let isFinite = value.isFinite
    guard !isFinite || abs(value * weight) > Self.limit else { return }
    let expected =
      isFinite
      ? "a reward of at most 1e18 in size" + (weight == 1 ? "" : " with its weight of \(weight)")
      : "a finite reward"
    let id = samples[number].id
    throw reward.fault(
      "expected \(expected), got \(value) for completion \(number + 1) of \(samples.count)"
        + (id.isEmpty ? "" : ", an answer to '\(id)'"))
  }
}
