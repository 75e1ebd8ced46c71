import FulcrumKernel

/// Runs the chain of transforms that turns returns into an advantage for every token.
enum AdvantageChain {
  /// Starts from each sequence's reward on its tokens (the return, undiscounted) and runs the chain.
  ///
  /// - Parameter metrics: receives the metrics that transforms report.
  /// - Throws: what a transform throws; `.pluginFault`, naming it, for a value that is not finite.
  static func run(
    _ transforms: [Named<any AdvantageTransform>], on batch: RolloutBatch,
    metrics: inout MetricSums
  ) throws(FulcrumError) -> [Float] {
    let sequences = batch.sequences
    let rewards = batch.rewards
    var advantages: [Float] = []
    advantages.reserveCapacity(sequences.tokenCount)
    for sequence in 0..<sequences.sequenceCount {
      let count = sequences.tokens(ofSequence: sequence).count
      advantages.append(contentsOf: repeatElement(rewards[sequence], count: count))
    }
    for transform in transforms {
      try transform.call { (component) throws(FulcrumError) in
        var span = advantages.mutableSpan
        if let reporting = component as? any ReportingTransform {
          try reporting.transform(&span, of: batch, metrics: &metrics)
        } else {
          try component.transform(&span, of: batch)
        }
      }
      try MetricOwnership.check(metrics, of: transform.place)
      if let place = advantages.firstIndex(where: { !$0.isFinite }) {
        throw transform.fault(
          "expected finite advantages, got \(advantages[place]) for token \(place)")
      }
    }
    return advantages
  }
}
