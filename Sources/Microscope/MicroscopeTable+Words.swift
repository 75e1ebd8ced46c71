import Training

extension MicroscopeTable {
  /// Returns the rows of Fig. 5, one for each category.
  static func lines(_ words: WordRecord) -> [String] {
    let own = words.policies[0]
    let others = words.policies.dropFirst()
    let titles = ["per 1000", "r", "from", "to", "in a prompt"] + others.map(\.name)
    var lines = [row("Fig. 5, words against reward", titles.map(right))]
    for (index, category) in words.categories.enumerated() {
      let values =
        [own.frequency, words.correlation, words.low, words.high, words.within].map { $0[index] }
        + others.map { $0.frequency[index] }
      lines.append(row("    \(category)", values.map(number)))
    }
    let rewards = words.policies.map { policy in
      "\(plain(policy.reward)) \(policy.name) (" + Counted.text(policy.completions, "completion")
        + ")"
    }
    lines.append("    words: \(words.words); mean reward: \(rewards.joined(separator: ", "))")
    return lines
  }
}
