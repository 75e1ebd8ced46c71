/// Finds the roles that a completion tries first, whatever it tries and answers after them.
///
/// A trial gives each person a role in words that stand side by side: `Bob knave, Ann knight` or
/// `Bob is a knave and Ann is a knight`. After a terse prompt it gives them by letters, as the
/// prompt does: `bob Ann`. Traces with letters for roles have no trial that can be read.
package struct FirstTrial: Sendable {
  /// The tried roles in the truth's order, `true` for a knight; `nil`: somebody gets no role.
  package let isKnight: [Bool]?

  /// - Complexity: linear in the text.
  package init(of completion: String, to prompt: String, about truth: RoleList) {
    let names = truth.names.map { name in
      String(String.UnicodeScalarView(name.compactMap(Unicode.Scalar.init)))
    }
    let isTerse = names.allSatisfy { prompt.contains(">\($0) ") }
    let isPart: (Character) -> Bool = { $0.isLetter || $0.isNumber || $0 == "_" }
    var roles: [String: Bool] = [:]
    var subject: String?
    for word in completion.split(whereSeparator: { !isPart($0) }) {
      if isTerse, let name = names.first(where: { $0 == word || $0.lowercased() == word }) {
        if roles[name] == nil { roles[name] = name == word }
        if roles.count == names.count { break }
        continue
      }
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
