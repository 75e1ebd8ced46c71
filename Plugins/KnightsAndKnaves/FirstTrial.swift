/// Finds the roles that a completion tries first, whatever it tries and answers after them.
///
/// A trial gives each person a role in words that stand side by side: `Bob knave, Ann knight` or
/// `Bob is a knave and Ann is a knight`. Traces with letters for roles have none that can be read.
package struct FirstTrial: Sendable {
  /// Whether each person of the truth is tried as a knight, in the truth's order; `nil`: somebody
  /// gets no role.
  package let isKnight: [Bool]?

  /// - Complexity: linear in the text up to the trial's end.
  package init(of completion: String, about truth: RoleList) {
    let names = truth.names.map { name in
      String(String.UnicodeScalarView(name.compactMap(Unicode.Scalar.init)))
    }
    let isPart: (Character) -> Bool = { $0.isLetter || $0.isNumber || $0 == "_" }
    var roles: [String: Bool] = [:]
    var subject: String?
    for word in completion.split(whereSeparator: { !isPart($0) }) {
      switch word {
      case "is", "a": continue
      case "knight", "knave":
        if let subject, roles[subject] == nil { roles[subject] = word == "knight" }
        subject = nil
      default: subject = names.first { $0 == word }
      }
      if roles.count == names.count { break }
    }
    isKnight = roles.count == names.count ? names.compactMap { roles[$0] } : nil
  }
}
