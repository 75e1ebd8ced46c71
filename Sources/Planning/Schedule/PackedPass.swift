/// Holds one sequence of a pass.
package struct PackedSequence: Sendable, Equatable {
  /// The prompt's number.
  package let group: Int
  /// The number in the batch.
  package let sequence: Int
  /// Tokens of the prompt.
  package let prompt: Int
  /// Tokens of the completion that are inputs: all before the last that takes part.
  package let used: Int
  /// Tokens that take part.
  package let scored: Int

  package init(group: Int, sequence: Int, prompt: Int, used: Int, scored: Int) {
    self.group = group
    self.sequence = sequence
    self.prompt = prompt
    self.used = used
    self.scored = scored
  }

  var length: Int { prompt + used }
}

/// Holds sequences that go through the model together on one rank.
package struct PackedPass: Sendable, Equatable {
  /// Whether each group's prompt is computed once, and its completions apart.
  package let sharesPrompts: Bool
  package private(set) var sequences: [PackedSequence] = []
  private var groups: Set<Int> = []
  private var longest = 0
  private var longestPrompt = 0
  private var longestUsed = 0

  init(sharesPrompts: Bool) { self.sharesPrompts = sharesPrompts }

  mutating func add(_ more: [PackedSequence]) {
    for one in more {
      sequences.append(one)
      groups.insert(one.group)
      longest = max(longest, one.length)
      longestPrompt = max(longestPrompt, one.prompt)
      longestUsed = max(longestUsed, one.used)
    }
  }

  /// The padded tokens.
  package var cost: Int {
    sharesPrompts
      ? groups.count * longestPrompt + sequences.count * longestUsed : sequences.count * longest
  }

  /// Returns the padded tokens with more sequences in it.
  func cost(with more: [PackedSequence]) -> Int {
    let count = sequences.count + more.count
    guard sharesPrompts else {
      return count * more.reduce(longest) { max($0, $1.length) }
    }
    var owners = groups
    for one in more { owners.insert(one.group) }
    return owners.count * more.reduce(longestPrompt) { max($0, $1.prompt) }
      + count * more.reduce(longestUsed) { max($0, $1.used) }
  }

  /// What the pass computes.
  package var work: PassWork {
    let scored = Double(sequences.reduce(0) { $0 + $1.scored })
    let rows = Double(sequences.count)
    guard sharesPrompts else {
      let length = Double(longest)
      return PassWork(
        calls: 1, tokens: rows * length, pairs: rows * length * (length + 1) / 2, scored: scored)
    }
    let (prompt, used, owners) = (Double(longestPrompt), Double(longestUsed), Double(groups.count))
    // Under the mask of shared prompts, attention compares all.
    return PassWork(
      calls: longestUsed > 0 ? 2 : 1, tokens: owners * prompt + rows * used,
      pairs: owners * prompt * (prompt + 1) / 2 + rows * used * (prompt + used), scored: scored)
  }
}
