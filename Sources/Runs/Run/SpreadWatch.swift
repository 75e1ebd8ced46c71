import Foundation
import FulcrumKernel
import JSON
import Training

/// Watches for steps in a row in which nearly all groups have equal rewards: training goes on and teaches
/// nothing, and neither loss nor reward says so.
package struct SpreadWatch {
  /// The steps in a row after which a run is told.
  package static let steps = 10
  /// The least share of groups without spread of such a step.
  private static let share = 0.9

  /// The metrics of the steps in a row, up to `steps` of them.
  private var streak: [Metrics] = []
  /// Whether the run was told of this streak.
  private var isTold = false

  /// - Parameter lines: the lines of `metrics.jsonl` of the steps that are done. Of a streak that they
  ///   end with, the run was told when it was long enough.
  package init(after lines: [String] = []) {
    for line in lines.reversed() {
      guard streak.count < Self.steps,
        let record = try? JSONRecord.decode(MetricsRecord.self, from: Array(line.utf8)),
        Self.isIdle(record.metrics)
      else { break }
      streak.insert(record.metrics, at: 0)
    }
    isTold = streak.count == Self.steps
  }

  /// Takes a step in.
  ///
  /// - Returns: what the run is to be told: once when a streak is long enough, and again only of another
  ///   one.
  package mutating func add(_ metrics: Metrics) -> String? {
    guard Self.isIdle(metrics) else {
      (streak, isTold) = ([], false)
      return nil
    }
    streak = (streak + [metrics]).suffix(Self.steps)
    guard streak.count == Self.steps, !isTold else { return nil }
    isTold = true
    return message
  }

  private static func isIdle(_ metrics: Metrics) -> Bool {
    (metrics[MetricName.groupsWithoutSpread] ?? 0) >= share
  }

  private var message: String {
    let share = mean(MetricName.groupsWithoutSpread)
    return String(
      format: "in each of the last %d steps at least %.0f %%", Self.steps, 100 * Self.share)
      + String(format: " of the groups (%.1f %% on average)", 100 * share)
      + " had equal rewards, from which an advantage within the group learns nothing: " + cause
  }

  /// Says why rewards are equal, and what helps.
  private var cause: String {
    let judged = RewardOutcome.verdicts.reduce(0) { $0 + mean("outcomes/\($1.rawValue)") }
    let accuracy = mean(MetricName.accuracy)
    let percent = String(format: "accuracy %.1f %%", 100 * accuracy)
    if judged > 0, accuracy >= Self.share {
      return "nearly all completions are right (\(percent)). Take harder items, or end the run here"
    }
    if judged > 0, accuracy <= 1 - Self.share {
      return
        "nearly all completions are wrong (\(percent)). Take easier items, a better start, more"
        + " samples of each (rollout.samples), or a reward that values parts of an answer"
    }
    return "a group's completions fare alike" + (judged > 0 ? " (\(percent))" : "")
      + ". Take items between easy and hard, more samples of each (rollout.samples), a higher"
      + " rollout.temperature, or a start that is less sure"
  }

  private func mean(_ name: String) -> Double {
    Statistics.mean(streak.map { $0[name] ?? 0 })
  }
}
