import Foundation
import FulcrumKernel
import Settings
import Training

/// Measures what a policy makes of held-out items on the way to a warm start, so that a start can be
/// chosen: how often it is right, and how uncertain its own completions are.
struct WarmStartSamples {
  private let evaluator: Evaluator
  private let heldOut: HeldOutItems
  private let policy: any PolicyModel

  /// - Returns: `nil` if the settings ask for no items.
  /// - Throws: what the task throws; `.data` for items that don't fit.
  init?(_ setup: RunSetup) throws(FulcrumError) {
    let count = setup.configuration.warmStart.evaluationItems
    guard count > 0 else { return nil }
    let rewards = try setup.makeRewards()
    heldOut = try setup.heldOutItems(rewards, perCategory: count)
    try heldOut.faults.requireNone()
    policy = setup.policy
    evaluator = Evaluator(
      sampler: setup.evaluationSampler(rewards, samples: 1, temperature: 1),
      greedy: setup.evaluationSampler(rewards, samples: 1, temperature: 0), k: 1)
  }

  /// What is worth knowing of the items.
  var notes: [String] {
    heldOut.items.isEmpty
      ? ["the task has no held-out items to evaluate"] : heldOut.notes
  }

  /// Evaluates, adds the results to a step's metrics, and returns them in one line; `nil`: the task has
  /// no held-out items.
  ///
  /// - Parameter progress: receives the number of items that are done, and that of all.
  func measure(
    into metrics: inout Metrics, progress: (_ done: Int, _ items: Int) -> Void
  ) throws(FulcrumError) -> String? {
    guard !heldOut.items.isEmpty else { return nil }
    var intervals = ProbabilityIntervals()
    var entropy = 0.0
    var tokens = 0
    let evaluation = try evaluator.run(
      heldOut.items, progress: { progress($0, heldOut.items.count) }
    ) { (passes) throws(FulcrumError) in
      let sequences = passes[0].rollout.sequences
      try policy.score(
        sequences, sequences: 0..<sequences.sequenceCount, request: ScoreRequest(temperature: 1)
      ) { (_, scores) throws(FulcrumError) in
        let (logs, entropies) = (scores.logProbabilities, scores.entropies)
        for token in logs.indices {
          intervals.add(logProbability: logs[token], weight: 0, lever: 0, entropy: entropies[token])
          entropy += Double(entropies[token])
        }
        tokens += logs.count
      }
    }
    for row in evaluation.rows {
      for measure in row.measures {
        metrics.set("held_out/\(row.category)/\(measure.kind.name)", measure.mean)
      }
    }
    entropy /= Double(max(1, tokens))
    let shares = intervals.tokenShares
    metrics.set("samples/entropy", entropy)
    metrics.set("samples/mean_length", Double(tokens) / Double(heldOut.items.count))
    for (interval, share) in shares.enumerated() {
      metrics.set(
        "samples/" + ProbabilityIntervals.metric(.tokenShare, interval: interval), share)
    }
    let quarters = shares.map { String(format: "%.1f", 100 * $0) }.joined(separator: "/")
    return EvaluationTable.line(evaluation) + "; its samples: entropy "
      + String(format: "%.3f", entropy) + ", tokens by quarter of probability \(quarters) %"
  }
}
