/// Holds a person's statement. Persons are numbered from 0.
///
/// - Source: the tuple grammar of mem-kk-logic (Xie et al. 2024, arXiv 2410.23123).
package indirect enum Statement: Hashable, Sendable {
  /// The person is a knight: `('telling-truth', k)`.
  case knight(Int)
  /// The person is a knave: `('lying', k)`.
  case knave(Int)
  /// The part is false.
  case not(Statement)
  /// All of at least two parts are true.
  case and([Statement])
  /// Any of at least two parts is true.
  case or([Statement])
  /// Material implication: false only if the first side is true and the second false.
  case implies(Statement, Statement)
  /// Both sides are true or both false.
  case iff(Statement, Statement)

  /// Returns the truth value under 64 assignments of roles at once, one in each bit.
  ///
  /// - Parameter knights: for each person, the assignments that make them a knight.
  /// - Precondition: every person that the statement names has a word.
  package func value(knights: [UInt64]) -> UInt64 {
    switch self {
    case .knight(let person): knights[person]
    case .knave(let person): ~knights[person]
    case .not(let part): ~part.value(knights: knights)
    case .and(let parts): parts.reduce(.max) { $0 & $1.value(knights: knights) }
    case .or(let parts): parts.reduce(0) { $0 | $1.value(knights: knights) }
    case .implies(let premise, let conclusion):
      ~premise.value(knights: knights) | conclusion.value(knights: knights)
    case .iff(let left, let right): ~(left.value(knights: knights) ^ right.value(knights: knights))
    }
  }

  /// The statements about single persons that it is made of, from left to right.
  package var leaves: [Statement] {
    switch self {
    case .knight, .knave: [self]
    case .not(let part): part.leaves
    case .and(let parts), .or(let parts): parts.flatMap(\.leaves)
    case .implies(let left, let right), .iff(let left, let right): left.leaves + right.leaves
    }
  }

  /// The highest number of a person that the statement names.
  package var highestPerson: Int {
    switch self {
    case .knight(let person), .knave(let person): person
    case .not(let part): part.highestPerson
    case .and(let parts), .or(let parts): parts.reduce(0) { max($0, $1.highestPerson) }
    case .implies(let left, let right), .iff(let left, let right):
      max(left.highestPerson, right.highestPerson)
    }
  }
}
