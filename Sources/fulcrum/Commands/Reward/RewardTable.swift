import Foundation
import FulcrumKernel
import Runs
import Training

/// Prints scores for people to read.
enum RewardTable {
  /// The number of characters of a completion or a reason that are shown; the file has the whole.
  private static let width = 36

  static func text(_ records: [RewardRecord], _ scores: [RewardScore]) -> String {
    var rows = [["id", "completion", "reward", "outcome", "parts"]]
    for (record, score) in zip(records, scores) {
      let parts = score.parts.map { "\($0.name) \(number($0.value))" }
      rows.append([
        short(record.name), short(record.sample.completion),
        score.value.map(number) ?? "none", score.outcome.rawValue,
        (score.reason ?? parts.joined(separator: ", ")).onTerminal,
      ])
    }
    return TextTable.text(rows, gap: 2, numeric: [2]) + "\n"
  }

  /// Returns the number of scores, their mean, and the number of each outcome.
  static func summary(_ scores: [RewardScore]) -> String {
    let rewards = scores.compactMap(\.value)
    var counts: [String: Int] = [:]
    for score in scores { counts[score.outcome.rawValue, default: 0] += 1 }
    let outcomes = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \($0.value)" }
    let mean =
      rewards.isEmpty
      ? "no scores"
      : "mean reward \(number(Statistics.mean(rewards)))"
        + (rewards.count < scores.count ? " of the \(rewards.count) with a score" : "")
    let noun = scores.count == 1 ? "completion" : "completions"
    return "\(scores.count) \(noun), \(mean): \(outcomes.joined(separator: ", "))"
  }

  /// Cuts a text to one short line.
  private static func short(_ text: String) -> String {
    let line = String(text.map { $0.isNewline ? "⏎" : $0 }).onTerminal
    return line.count > width ? line.prefix(width - 1) + "…" : line
  }

  /// Writes a number with at most four decimals.
  private static func number(_ value: Double) -> String {
    let rounded = (value * 1e4).rounded() / 1e4
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }
}
