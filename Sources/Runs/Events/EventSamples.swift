import Foundation
import FulcrumKernel
import Training

/// Writes a few completions of a step as rows of Markdown, each group's prompt before them.
struct EventSamples {
  /// The most completions in a step. There are fewer if `samples/` has fewer.
  static let most = 4
  let count: Int
  let every: Int

  init(count: Int, every: Int) {
    self.count = min(count, Self.most)
    self.every = every
  }

  /// Returns the rows; `nil` in a step that has no samples.
  func text(_ collected: CollectedRollout, step: Int) -> [String]? {
    guard count > 0, step % every == 0 else { return nil }
    let rollout = collected.whole
    let rewards = rollout.rewards
    var rows: [String] = []
    var lastGroup: Int?
    for sequence in 0..<min(count, rollout.completions.count) {
      let group = rollout.sequences.group(ofSequence: sequence)
      if group != lastGroup {
        let item = rollout.items[group]
        rows.append("**prompt** \(item.id)\n\n" + Self.fenced(item.prompt))
        lastGroup = group
      }
      let reward = String(format: "%.3f", rewards[sequence])
      rows.append(
        "**\(rollout.outcomes[sequence].rawValue)**, reward \(reward)\n\n"
          + Self.fenced(rollout.completions[sequence]))
    }
    return rows
  }

  /// Returns a text in a code block; the fence is longer than any in the text.
  static func fenced(_ text: String) -> String {
    let longest = text.split { $0 != "~" }.map(\.count).max() ?? 0
    let fence = String(repeating: "~", count: max(3, longest + 1))
    return "\(fence)\n\(text)\n\(fence)"
  }
}
