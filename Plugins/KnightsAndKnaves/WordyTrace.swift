/// Writes worked solutions that leave choices: roles are tried, statements are checked against them
/// in any order, and after a clash other roles are tried, until nothing clashes or the writer gives
/// up.
///
/// Every check has what it needs beside it: the statement is copied, then each of its leaves is looked up
/// in the trial and marked, then the whole is told, the speaker looked up, and the verdict given. So whoever
/// imitates it can learn to verify. Roles are told by letters, as the terse wording does.
package struct WordyTrace: Sendable {
  /// The most trials; the last of them isn't checked.
  package let attempts: Int
  /// The chance that a trial is the solution, not drawn at random.
  package let luck: Double
  /// The chance to give up after a clash: the next trial is the last.
  package let quit: Double
  /// The chance to leave out a check, and all checks that would follow it.
  package let haste: Double
  /// The chance that a verdict is wrong.
  package let errorRate: Double

  /// The draws of a trial that was not made before, after which one is made again.
  private static let patience = 64

  /// Keeps the chances as they are given; `TaskOptions` checks them.
  package init(attempts: Int, luck: Double, quit: Double, haste: Double, errorRate: Double) {
    self.attempts = attempts
    self.luck = luck
    self.quit = quit
    self.haste = haste
    self.errorRate = errorRate
  }

  /// Returns the text that follows a prompt's `<think>`: the trials with their checks, then the
  /// answer, in the order of the last trial.
  package func completion(
    for puzzle: Puzzle, names: [String], using random: inout some RandomNumberGenerator
  ) -> String {
    var text = ""
    var tried: Set<[Bool]> = []
    var last: [Bool]?
    var trials = 0
    var isLast = false
    while true {
      trials += 1
      isLast = isLast || trials >= attempts
      let roles = trial(of: puzzle, besides: tried, using: &random)
      var order = roles.indices.shuffled(using: &random)
      // A retry begins with somebody whose role it changes. Else a policy's likeliest words are often
      // the trial that has just failed.
      if let last, let changed = order.firstIndex(where: { roles[$0] != last[$0] }) {
        order.swapAt(0, changed)
      }
      last = roles
      text += " " + word(tried.isEmpty ? TraceWords.openers : TraceWords.retries, using: &random)
      for person in order { text += " " + Wording.tersely(names[person], roles[person]) }
      tried.insert(roles)
      if isLast || passes(puzzle, roles, names: names, text: &text, using: &random) {
        let words = isLast ? TraceWords.surrenders : TraceWords.successes
        let answer = order.map { "\(names[$0]) is a \(Self.role(roles[$0]))" }
          .joined(separator: ", ")
        return text + " \(word(words, using: &random))</think><answer>\(answer)</answer>"
      }
      isLast = happens(quit, using: &random)
    }
  }

  /// Writes checks up to the first clash, and tells whether there is none.
  private func passes(
    _ puzzle: Puzzle, _ roles: [Bool], names: [String], text: inout String,
    using random: inout some RandomNumberGenerator
  ) -> Bool {
    let knights = roles.map { $0 ? UInt64.max : 0 }
    func isTrue(_ statement: Statement) -> Bool { statement.value(knights: knights) != 0 }
    for speaker in roles.indices.shuffled(using: &random) {
      if happens(haste, using: &random) { return true }
      let statement = puzzle.statements[speaker]
      let isWrong = happens(errorRate, using: &random)
      let fits = (isTrue(statement) == roles[speaker]) != isWrong
      text += ">\(names[speaker]) \(Wording.tersely(statement, names: names))"
      text += " \(word(TraceWords.readings, using: &random))"
      for leaf in statement.leaves {
        let person = leaf.highestPerson
        text += " \(Wording.tersely(names[person], roles[person])) \(isTrue(leaf) ? "yes" : "no")"
      }
      text += " \(isTrue(statement)) \(Wording.tersely(names[speaker], roles[speaker]))"
      text += " \(word(fits ? TraceWords.fits : TraceWords.clashes, using: &random))"
      if !fits { return false }
    }
    return true
  }

  /// Returns the solution, or roles drawn at random that were not tried.
  private func trial(
    of puzzle: Puzzle, besides tried: Set<[Bool]>, using random: inout some RandomNumberGenerator
  ) -> [Bool] {
    if !tried.contains(puzzle.solution), happens(luck, using: &random) { return puzzle.solution }
    var roles: [Bool] = []
    for _ in 0..<Self.patience {
      roles = puzzle.solution.map { _ in Bool.random(using: &random) }
      if !tried.contains(roles) { break }
    }
    return roles
  }

  private static func role(_ isKnight: Bool) -> String { isKnight ? "knight" : "knave" }

  /// Draws nothing for a chance of 0.
  private func happens(_ chance: Double, using random: inout some RandomNumberGenerator) -> Bool {
    chance > 0 && Double.random(in: 0..<1, using: &random) < chance
  }

  private func word(_ words: [String], using random: inout some RandomNumberGenerator) -> String {
    words[Int.random(in: words.indices, using: &random)]
  }
}
