extension MicroscopeTable {
  /// Fig. 5: a line for each category.
  static func lines(_ words: WordFindings) -> [String] {
    let own = words.arms[0]
    let others = words.arms.dropFirst()
    let titles = ["per 1000", "r", "from", "to", "in a prompt"] + others.map(\.name)
    var lines = [row("Fig. 5, words (\(words.source))", titles.map(right))]
    for (index, category) in words.categories.enumerated() {
      let values =
        [
          own.frequency[index], category.correlation, category.low, category.high, category.within,
        ] + others.map { $0.frequency[index] }
      lines.append(row("    \(category.name)", values.map(number)))
    }
    let rewards = words.arms.map { arm in
      "\(plain(arm.reward)) over \(arm.completions) completions \(arm.name)"
    }
    lines.append("    mean reward \(rewards.joined(separator: ", "))")
    return lines
  }
}
