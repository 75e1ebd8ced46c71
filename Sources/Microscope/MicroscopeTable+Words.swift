
extension MicroscopeTable {
  /// Fig. 5: a line for each category.
  static func lines(_ words: WordFindings) -> [String] {
    let own = words.arms[0]
    let others = words.arms.dropFirst()
    let titles = ["per 1000", "r", "from", "to", "in a prompt"] + others.map(\.name)
    var lines = [row("Fig. 5, words against reward", titles.map(right))]
    for (index, category) in words.categories.enumerated() {
      let values =
        [
          own.frequency[index], category.correlation, category.low, category.high, category.within,
        ] + others.map { $0.frequency[index] }
      lines.append(row("    \(category.name)", values.map(number)))
    }
    let rewards = words.arms.map { arm in
      "\(plain(arm.reward)) \(arm.name) (\(arm.completions) completions)"
    }
    lines.append("    words: \(words.source); mean reward: \(rewards.joined(separator: ", "))")
    return lines
  }
}
