/// Puts a puzzle into English.
package enum Wording: String, CaseIterable, Sendable {
  /// Few words and short sentences, for small policies.
  case plain
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

  /// Returns the puzzle's whole text: the people, a sentence for each, and the question.
  ///
  /// - Parameter random: draws each person's form, in order.
  /// - Precondition: as many names as statements.
  package func quiz(
    _ statements: [Statement], names: [String], using random: inout some RandomNumberGenerator
  ) -> String {
    precondition(statements.count == names.count, "one name for each statement")
    let forms = forms
    var sentences = [opening(names)]
    for (name, statement) in zip(names, statements) {
      let form = forms[Int.random(in: forms.indices, using: &random)]
      sentences.append(form(name, Self.claim(statement, names: names)))
    }
    sentences.append(question)
    return sentences.joined(separator: " ")
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

  private func opening(_ names: [String]) -> String {
    switch self {
    case .plain: "People: \(names.joined(separator: ", "))."
    case .island:
      """
      On a faraway island, whatever a knight says is true and whatever a knave says is false, and \
      everybody is one or the other. \(names.count) islanders are waiting for you at the pier: \
      \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "").
      """
    }
  }

  private var question: String {
    switch self {
    case .plain: "Who is who?"
    case .island: "Can you tell the knights from the knaves?"
    }
  }

  private static func capitalized(_ claim: String) -> String {
    claim.prefix(1).uppercased() + claim.dropFirst()
  }
}
