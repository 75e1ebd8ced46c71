import FulcrumKernel

/// Whether a policy that weighs tokens which were not drawn takes the gradient of those.
extension Subject where Instance == any PolicyModel {
  /// Weighs the second candidate of single-token completions, and as much the first against it; then
  /// draws those tokens instead and weighs them as drawn ones. Both gradients have one norm, and the
  /// second candidate becomes likelier against the first.
  func checkCandidateStep() throws(FulcrumError) {
    let policy = try prepared()
    guard let able = policy as? any CandidateGradientPolicy else { return }
    let sample = try PolicyTrial.sample(policy).generation.sequences
    let prompts = (0..<sample.groupCount).map { group in
      (sample.promptOffsets[group]..<sample.promptOffsets[group + 1]).map {
        sample.promptTokens[$0]
      }
    }
    // Any token will do for the drawn one, of weight 0: that of the prompt's end.
    let drawn = SequenceBatch(
      prompts: prompts, completions: prompts.map { [[$0[$0.count - 1]]] })
    let listed =
      try PolicyTrial.scores(of: drawn, by: policy, statistics: [.topTokens(2)])
      .further[.topTokens(2)] ?? []
    let pairs = SequenceBatch(
      prompts: prompts,
      completions: prompts.indices.map { [[Int32(listed[2 * $0])], [Int32(listed[2 * $0 + 1])]] })
    let before = try gaps(pairs, by: policy)
    try PolicyTrial.accumulate(pairs, by: policy) { $0.isMultiple(of: 2) ? -1 : 1 }
    let expected = try policy.applyGradient(learningRate: 0).norm
    try able.accumulateGradient(
      of: drawn, sequences: 0..<drawn.sequenceCount, request: ScoreRequest(temperature: 1),
      participants: .all, candidateCount: 2,
      weighWithCandidates: { (_, _, _, _, weights) throws(FulcrumError) in
        for place in weights.indices { weights[place] = place.isMultiple(of: 2) ? -1 : 1 }
      })
    let norm = try PolicyTrial.apply(policy).norm
    // Sums of the same products in another order, in the policy's own precision.
    guard abs(norm - expected) <= 0.02 * expected else {
      throw fault(
        "expected a gradient of norm \(expected), as the same tokens have as drawn ones, got"
          + " \(norm)")
    }
    let after = try gaps(pairs, by: policy)
    guard after.reduce(0, +) > before.reduce(0, +) else {
      throw fault(
        "expected log π of second candidates to rise against the first ones', got \(before) and then"
          + " \(after)")
    }
  }

  /// log π of each pair's second token minus that of its first.
  private func gaps(_ pairs: SequenceBatch, by policy: any PolicyModel) throws(FulcrumError)
    -> [Double]
  {
    let logs = try PolicyTrial.scores(of: pairs, by: policy).logProbabilities.map(Double.init)
    return stride(from: 0, to: logs.count, by: 2).map { logs[$0 + 1] - logs[$0] }
  }
}
