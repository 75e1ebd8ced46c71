/// Puts a puzzle into English.
package enum Wording: String, CaseIterable, Sendable {
  /// Few words and short sentences, for small policies.
  case plain
  /// No word more than needed and a line for each person, for policies that have yet to learn to
  /// read. A speaker alone begins a line, so that a statement is found by its speaker.
  case terse
  /// Fuller sentences with an opening that explains the roles.
  case island

  /// Makes one person's sentence of their name and their claim.
  package typealias SayingForm = @Sendable (_ name: String, _ claim: String) -> String

  /// The forms of sentences; each person's is drawn from them.
  package var forms: [SayingForm] {
    switch self {
    case .plain:
      [
        { "\($0) says \($1)." },
        { "\($0): \($1)." },
        { "\($1), says \($0)." },
        { "\($0) claims \($1)." },
      ]
    case .terse: [{ ">\($0) \($1)" }]
    case .island:
      [
        { "\($0) tells us that \($1)." },
        { "\($0) swears that \($1)." },
        { "\($0) insists that \($1)." },
        { "Today \($0) lets everybody know that \($1)." },
        { "\"\(Self.capitalized($1))\", says \($0)." },
        { "\"\(Self.capitalized($1))\", whispers \($0)." },
        { "Asked about the others, \($0) answers: \"\(Self.capitalized($1)).\"" },
        { "\($0) nods and says: \"\(Self.capitalized($1)).\"" },
        { "\($0) would have you believe that \($1)." },
        { "\($0) shrugs: \"\(Self.capitalized($1)).\"" },
      ]
    }
  }

  /// Returns the puzzle's whole text: the people, a sentence for each, and the question; terse, the
  /// sentences alone.
  ///
  /// - Parameter random: draws each person's form, in order.
  /// - Precondition: as many names as statements.
  package func quiz(
    _ statements: [Statement], names: [String], using random: inout some RandomNumberGenerator
  ) -> String {
    precondition(statements.count == names.count, "one name for each statement")
    let forms = forms
    let sentences = zip(names, statements).map { name, statement in
      let form = forms[Int.random(in: forms.indices, using: &random)]
      return form(
        name,
        self == .terse
          ? Self.tersely(statement, names: names) : Self.claim(statement, names: names))
    }
    return switch self {
    case .plain:
      (["People: \(names.joined(separator: ", "))."] + sentences + ["Who is who?"])
        .joined(separator: " ")
    case .terse: sentences.joined()
    case .island:
      ([opening(names)] + sentences + ["Can you tell the knights from the knaves?"])
        .joined(separator: " ")
    }
  }

  /// Returns a statement as a clause: `if Ann is a knight then Bob is a knave`. A part that is
  /// itself an operator stands in parentheses.
  package static func claim(_ statement: Statement, names: [String]) -> String {
    func part(_ statement: Statement) -> String {
      switch statement {
      case .knight, .knave: claim(statement, names: names)
      default: "(\(claim(statement, names: names)))"
      }
    }
    return switch statement {
    case .knight(let person): "\(names[person]) is a knight"
    case .knave(let person): "\(names[person]) is a knave"
    case .not(.knight(let person)): "\(names[person]) is not a knight"
    case .not(.knave(let person)): "\(names[person]) is not a knave"
    case .not(let inner): "it is false that \(part(inner))"
    case .and(let parts): parts.map(part).joined(separator: " and ")
    case .or(let parts): parts.map(part).joined(separator: " or ")
    case .implies(let premise, let conclusion): "if \(part(premise)) then \(part(conclusion))"
    case .iff(let left, let right): "\(part(left)) if and only if \(part(right))"
    }
  }

  /// Returns a name as it is for a knight, and in small letters for a knave.
  package static func tersely(_ name: String, _ isKnight: Bool) -> String {
    isKnight ? name : name.lowercased()
  }

  /// Returns a statement in as few words as can be, a name for a leaf: `if ann then Bob` says that
  /// Bob is a knight if Ann is a knave.
  package static func tersely(_ statement: Statement, names: [String]) -> String {
    func part(_ statement: Statement) -> String {
      switch statement {
      case .knight, .knave, .not(.knight), .not(.knave): tersely(statement, names: names)
      default: "(\(tersely(statement, names: names)))"
      }
    }
    return switch statement {
    case .knight(let person): tersely(names[person], true)
    case .knave(let person): tersely(names[person], false)
    case .not(let inner): "not \(part(inner))"
    case .and(let parts): parts.map(part).joined(separator: " and ")
    case .or(let parts): parts.map(part).joined(separator: " or ")
    case .implies(let premise, let conclusion): "if \(part(premise)) then \(part(conclusion))"
    case .iff(let left, let right): "\(part(left)) iff \(part(right))"
    }
  }

  private func opening(_ names: [String]) -> String {
    """
    On a faraway island, whatever a knight says is true and whatever a knave says is false, and \
    everybody is one or the other. \(names.count) islanders are waiting for you at the pier: \
    \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "").
    """
  }

  private static func capitalized(_ claim: String) -> String {
    claim.prefix(1).uppercased() + claim.dropFirst()
  }
}
