/// Holds statements with the one assignment of roles that fits them.
package struct Puzzle: Hashable, Sendable {
  /// The statement of each person.
  package let statements: [Statement]
  /// Whether each person is a knight.
  package let solution: [Bool]

  /// - Parameter solution: one role for each statement; not checked here, see `Solver`.
  package init(statements: [Statement], solution: [Bool]) {
    self.statements = statements
    self.solution = solution
  }

  /// The number of people who speak.
  package var people: Int { statements.count }

  /// Writes roles as the published field `solution_text_format` does: `(1) Ann is a knight`, one
  /// line for each person.
  ///
  /// - Precondition: as many names as roles.
  package static func rolesText(_ roles: [Bool], names: [String]) -> String {
    precondition(roles.count == names.count, "one name for each role")
    return roles.indices
      .map { "(\($0 + 1)) \(names[$0]) is a \(roles[$0] ? "knight" : "knave")" }
      .joined(separator: "\n")
  }
}
