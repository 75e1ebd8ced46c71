/// Holds a puzzle with its people's names and its text.
package struct WordedPuzzle: Sendable {
  /// The statements and the solution.
  package let puzzle: Puzzle
  /// One name for each person.
  package let names: [String]
  /// The text without the prompt around it.
  package let quiz: String

  /// Draws the names, without repetition and in any order, and then the wording.
  ///
  /// - Precondition: at least as many names to draw from as people.
  package init(
    _ puzzle: Puzzle, namesFrom pool: some Sequence<String>, wording: Wording,
    using random: inout some RandomNumberGenerator
  ) {
    self.puzzle = puzzle
    names = Array(pool.shuffled(using: &random).prefix(puzzle.people))
    quiz = wording.quiz(puzzle.statements, names: names, using: &random)
  }

  /// The form that the puzzle's twins share.
  package var form: CanonicalForm { CanonicalForm(puzzle.statements) }

  /// The solution as the reward function reads it.
  package var answer: String { Puzzle.rolesText(puzzle.solution, names: names) }
}
