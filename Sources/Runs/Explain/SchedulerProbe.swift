import FulcrumKernel
import Training

/// Finds out what a schedule makes of a step, by asking it about a small made-up batch.
package struct SchedulerProbe {
  package let phases: [String]
  package let passes: Int
  package let nesting: PhaseNesting

  /// - Parameter scheduler: one that no step is taken with, for it might count its calls; `nil`: one
  ///   phase with every token.
  /// - Throws: what the scheduler throws, and a fault if it breaks its contract.
  package init(_ scheduler: Named<any UpdateScheduler>?) throws(FulcrumError) {
    guard let scheduler else {
      phases = ["all"]
      passes = 1
      nesting = .phaseByPhase
      return
    }
    let sequences = SequenceBatch(
      prompts: [[0], [0]], completions: [[[0, 0], [0, 0]], [[0, 0], [0, 0]]])
    // Probabilities from 1/16 to 1/2, so that a threshold finds both kinds.
    let values = (1...sequences.tokenCount).map { -0.35 * Float($0) }
    let needs = scheduler.component.needs
    let batch = RolloutBatch(
      sequences: sequences, rewards: [1, 0, 0, 1], isFinished: nil,
      columns: Dictionary(uniqueKeysWithValues: needs.map { ($0, Self.madeUp($0, values)) }),
      step: 1,
      minibatchOffsets: [0, 2, 4])
    var metrics = MetricSums()
    phases = try PhaseCheck.phases(
      of: scheduler, for: batch, advantages: values, metrics: &metrics
    ).map(\.name)
    passes = scheduler.component.passes
    nesting = scheduler.component.nesting
  }

  /// Returns a column with each token's value repeated up to its statistic's width.
  private static func madeUp(_ column: Column, _ values: [Float]) -> [Float] {
    values.flatMap { Array(repeating: $0, count: column.statistic.width) }
  }
}
