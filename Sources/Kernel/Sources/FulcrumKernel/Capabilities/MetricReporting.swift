/// An advantage transform that reports metrics, as objectives do.
public protocol ReportingTransform: AdvantageTransform {
  /// Rewrites the advantages in place, as `transform(_:of:)` does, to the same bits.
  ///
  /// - Parameters:
  ///   - advantages: one for each completion token, as `transform(_:of:)` has them.
  ///   - batch: the whole rollout batch, not a mini-batch.
  ///   - metrics: named means; the names are written as they are.
  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) throws(FulcrumError)
}

extension ReportingTransform {
  public func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    var metrics = MetricSums()
    try transform(&advantages, of: batch, metrics: &metrics)
  }
}

/// An update schedule that reports metrics, as objectives do.
public protocol ReportingScheduler: UpdateScheduler {
  /// The phases of this step, as `phases(for:advantages:)` gives them.
  ///
  /// - Parameters:
  ///   - batch: the whole rollout batch, not a mini-batch.
  ///   - advantages: as the chain of transforms left them, one for each token.
  ///   - metrics: named means; the names are written as they are.
  func phases(
    for batch: RolloutBatch, advantages: Span<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) -> [UpdatePhase]
}

extension ReportingScheduler {
  public func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
    -> [UpdatePhase]
  {
    var metrics = MetricSums()
    return try phases(for: batch, advantages: advantages, metrics: &metrics)
  }
}
