/// Finds the assignments under which each person is a knight exactly if their statement is true.
///
/// Assignments are numbered from 0 (all knights) by counting in binary: a one makes a knave, and
/// person 0 is the most significant bit.
package enum Solver {
  /// Finds solutions by brute force over 2^n assignments, 64 at a time.
  ///
  /// - Parameter limit: the number of solutions after which the search stops.
  /// - Returns: whether each person is a knight, in the order of the assignments' numbers.
  /// - Precondition: 1 to 30 statements that name no others than those persons.
  /// - Complexity: O(2^n / 64 · n).
  package static func solutions(of statements: [Statement], limit: Int = .max) -> [[Bool]] {
    let people = statements.count
    precondition((1...30).contains(people), "1 to 30 statements")
    let assignments = 1 << people
    let used: UInt64 = assignments >= 64 ? .max : (1 << UInt64(assignments)) - 1
    var found: [[Bool]] = []
    for first in stride(from: 0, to: assignments, by: 64) {
      let knights = (0..<people).map { word(bit: people - 1 - $0, from: first) }
      var fitting = used
      for (person, statement) in statements.enumerated() where fitting != 0 {
        fitting &= ~(statement.value(knights: knights) ^ knights[person])
      }
      while fitting != 0 {
        if found.count == limit { return found }
        found.append(roles(ofAssignment: first + fitting.trailingZeroBitCount, people: people))
        fitting &= fitting - 1
      }
    }
    return found
  }

  /// Returns whether each person is a knight under the assignment of that number.
  package static func roles(ofAssignment number: Int, people: Int) -> [Bool] {
    (0..<people).map { number >> (people - 1 - $0) & 1 == 0 }
  }

  /// Returns the 64 assignments from `first` on as a word: a one where the number's bit is 0, a
  /// knight.
  private static func word(bit: Int, from first: Int) -> UInt64 {
    // Element b has a one for each number in 0..<64 whose bit b is 0.
    let clear: [UInt64] = [
      0x5555_5555_5555_5555, 0x3333_3333_3333_3333, 0x0F0F_0F0F_0F0F_0F0F,
      0x00FF_00FF_00FF_00FF, 0x0000_FFFF_0000_FFFF, 0x0000_0000_FFFF_FFFF,
    ]
    if bit < clear.count { return clear[bit] }
    return first >> bit & 1 == 0 ? .max : 0
  }
}
