/// Writes a worked solution: one assignment after another is tried until a trial fits every
/// statement.
///
/// Each trial is a line that gives everybody a role and then marks statement after statement `ok`
/// or `bad`, up to the first `bad`. A statement is `ok` if it is true exactly when its speaker is a
/// knight.
package enum SearchTrace: String, CaseIterable, Sendable {
  /// Full words: `Ann knight, Bob knave: Ann ok, Bob bad`.
  case named
  /// Letters for roles: `K N: ok bad`.
  case short

  /// Returns the text that follows a prompt's `<think>`: the trials, then the answer of the last
  /// one.
  ///
  /// - Parameters:
  ///   - errorRate: the probability that a mark is wrong. The search follows the marks, so the
  ///     answer may be wrong; if no trial passes, the last one is the answer.
  ///   - random: the source of one draw for each mark, unless `errorRate` is 0.
  /// - Complexity: up to 2^n lines for n people.
  package func completion(
    for puzzle: Puzzle, names: [String], errorRate: Double,
    using random: inout some RandomNumberGenerator
  ) -> String {
    let trials = 1 << puzzle.people
    var text = ""
    for trial in 0..<trials {
      let roles = Solver.roles(ofAssignment: trial, people: puzzle.people)
      let knights = roles.map { $0 ? UInt64.max : 0 }
      var marks: [Bool] = []
      for (statement, isKnight) in zip(puzzle.statements, roles) {
        let isTrue = statement.value(knights: knights) != 0
        let isFlipped = errorRate > 0 && Double.random(in: 0..<1, using: &random) < errorRate
        marks.append((isTrue == isKnight) != isFlipped)
        if marks.last == false { break }
      }
      text += "\n" + line(roles: roles, marks: marks, names: names)
      if trial == trials - 1 || !marks.contains(false) {
        text += "</think>\n<answer>\n\(Puzzle.rolesText(roles, names: names))\n</answer>"
        break
      }
    }
    return text
  }

  private func line(roles: [Bool], marks: [Bool], names: [String]) -> String {
    switch self {
    case .named:
      let trial = zip(names, roles).map { "\($0) \($1 ? "knight" : "knave")" }
      let checks = zip(names, marks).map { "\($0) \($1 ? "ok" : "bad")" }
      return trial.joined(separator: ", ") + ": " + checks.joined(separator: ", ")
    case .short:
      let trial = roles.map { $0 ? "K" : "N" }
      return trial.joined(separator: " ") + ": "
        + marks.map { $0 ? "ok" : "bad" }.joined(separator: " ")
    }
  }
}
