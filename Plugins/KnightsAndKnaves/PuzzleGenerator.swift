/// Samples puzzles with exactly one solution, of depth 2 and width 2.
///
/// - Source: the sampler of mem-kk-logic (arXiv 2410.23123), as a distribution: the draws are
///   our own, so no puzzle is reproduced by its seed.
package struct PuzzleGenerator: Sendable {
  /// The number of people who speak in each puzzle.
  package let people: Int

  /// - Precondition: 2 to 30 people.
  package init(people: Int) {
    precondition((2...30).contains(people), "2 to 30 people")
    self.people = people
  }

  /// Samples all statements anew until they have exactly one solution.
  package func puzzle(using random: inout some RandomNumberGenerator) -> Puzzle {
    while true {
      let statements = (0..<people).map { statement(by: $0, depth: 2, using: &random) }
      let solutions = Solver.solutions(of: statements, limit: 2)
      if solutions.count == 1 { return Puzzle(statements: statements, solution: solutions[0]) }
    }
  }

  /// Draws a statement: a leaf, `not`, `and`, `or`, `implies` or `iff`, each with probability 1/6.
  ///
  /// - Parameter depth: 1 gives a leaf; each operator takes one off for its parts.
  package func statement(
    by speaker: Int, depth: Int, using random: inout some RandomNumberGenerator
  ) -> Statement {
    let die = Int.random(in: 0..<6, using: &random)
    if depth == 1 || die == 0 { return leaf(by: speaker, using: &random) }
    if die == 1 { return .not(statement(by: speaker, depth: depth - 1, using: &random)) }
    let left = statement(by: speaker, depth: depth - 1, using: &random)
    var right = left
    // Equal parts would make a shorter statement, or a constant one.
    while right == left { right = statement(by: speaker, depth: depth - 1, using: &random) }
    return switch die {
    case 2: .and([left, right])
    case 3: .or([left, right])
    case 4: .implies(left, right)
    default: .iff(left, right)
    }
  }

  /// Draws a role for a person, the speaker included; but nobody can say "I am a knave".
  private func leaf(by speaker: Int, using random: inout some RandomNumberGenerator) -> Statement {
    while true {
      let isKnight = Bool.random(using: &random)
      let person = Int.random(in: 0..<people, using: &random)
      if isKnight { return .knight(person) }
      if person != speaker { return .knave(person) }
    }
  }
}
