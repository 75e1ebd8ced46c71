/// Judges completions by rule.
///
/// A run makes one instance for each place in its configuration that names the component, and uses it
/// for training and evaluation alike. Called from several threads at once, hence `Sendable`; arbitrary
/// text must not make it crash.
public protocol RewardFn: Component, Sendable {
  /// - Throws: if the answer (not the completion) can't be used; a bad completion is an outcome.
  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore

  /// Judges many at once; override it where a batch is cheaper than its samples.
  ///
  /// - Postcondition: one score for each sample, in order.
  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore]
}

extension RewardFn {
  public func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    var scores: [RewardScore] = []
    scores.reserveCapacity(samples.count)
    for sample in samples { scores.append(try score(sample)) }
    return scores
  }
}
