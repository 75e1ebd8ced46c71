import FulcrumKernel
import RolloutCorrectionPlugin

/// What a chain of `rollout-correction` makes of advantages, and what it reports.
struct Corrected {
  let advantages: [Float]
  let metrics: [String: Double]

  /// - Parameters:
  ///   - links: the parameters of each link.
  ///   - advantages: `nil`: 1 for each token, so that the result is the weights.
  ///   - old, rollout: log π of trainer and sampler, completion by completion, one prompt for each.
  init(
    by links: [[String: ParameterValue]], of advantages: [Float]? = nil, old: [[Float]],
    rollout: [[Float]]
  ) throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(
        prompts: old.map { _ in [1] },
        completions: old.map { [Array(repeating: 7, count: $0.count)] }),
      rewards: old.map { _ in 0 },
      columns: [
        .oldLogProbabilities: old.flatMap(\.self),
        .rolloutLogProbabilities: rollout.flatMap(\.self),
      ])
    try self.init(
      by: links, of: advantages ?? Array(repeating: 1, count: batch.sequences.tokenCount),
      in: batch)
  }

  init(by links: [[String: ParameterValue]], of advantages: [Float], in batch: RolloutBatch) throws
  {
    var weighed = advantages
    var sums = MetricSums()
    for link in links {
      var span = weighed.mutableSpan
      try Self.make(link).transform(&span, of: batch, metrics: &sums)
    }
    self.advantages = weighed
    var metrics: [String: Double] = [:]
    for name in sums.entries.keys { metrics[name] = sums.mean(name) }
    self.metrics = metrics
  }

  static func make(_ given: [String: ParameterValue]) throws -> RolloutCorrection {
    try RolloutCorrection(
      try Parameters(given, for: RolloutCorrection.manual.parameters, at: "advantage[1]"),
      context: ComponentContext())
  }
}
