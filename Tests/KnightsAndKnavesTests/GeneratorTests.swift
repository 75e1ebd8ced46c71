import KnightsAndKnavesPlugin
import Testing

/// The truth of a statement under one assignment, by the textbook and one assignment at a time.
private func truth(_ statement: Statement, _ roles: [Bool]) -> Bool {
  switch statement {
  case .knight(let person): return roles[person]
  case .knave(let person): return !roles[person]
  case .not(let part): return !truth(part, roles)
  case .and(let parts): return parts.allSatisfy { truth($0, roles) }
  case .or(let parts): return parts.contains { truth($0, roles) }
  case .implies(let premise, let conclusion):
    return truth(premise, roles) ? truth(conclusion, roles) : true
  case .iff(let left, let right): return truth(left, roles) == truth(right, roles)
  }
}

/// Every assignment of roles, built up person by person.
private func assignments(_ people: Int) -> [[Bool]] {
  (0..<people).reduce([[]]) { roles, _ in roles.flatMap { [$0 + [true], $0 + [false]] } }
}

@Test(arguments: 2...6)
func `every generated puzzle has exactly its solution`(_ people: Int) {
  let generator = PuzzleGenerator(people: people)
  for number in 0..<200 {
    var random = stream(UInt64(number))
    let puzzle = generator.puzzle(using: &random)
    let solutions = assignments(people).filter { roles in
      zip(puzzle.statements, roles).allSatisfy { truth($0, roles) == $1 }
    }
    #expect(solutions == [puzzle.solution], "\(puzzle)")
  }
}

@Test func `the six kinds of statement are equally likely`() {
  var counts = [0, 0, 0, 0, 0, 0]
  let generator = PuzzleGenerator(people: 5)
  var random = stream(11)
  for _ in 0..<6000 {
    switch generator.statement(by: 2, depth: 2, using: &random) {
    case .knight, .knave: counts[0] += 1
    case .not: counts[1] += 1
    case .and: counts[2] += 1
    case .or: counts[3] += 1
    case .implies: counts[4] += 1
    case .iff: counts[5] += 1
    }
  }
  // Binomial: mean 1000, standard deviation sqrt(6000 · 1/6 · 5/6) = 28.9; five of them is 145.
  for count in counts { #expect(abs(count - 1000) < 145, "\(counts)") }
}

@Test func `a leaf is any role of any person except the speaker's own knavery`() {
  var counts: [Statement: Int] = [:]
  let generator = PuzzleGenerator(people: 3)
  var random = stream(12)
  for _ in 0..<5000 {
    counts[generator.statement(by: 1, depth: 1, using: &random), default: 0] += 1
  }
  let expected: Set<Statement> = [.knight(0), .knight(1), .knight(2), .knave(0), .knave(2)]
  #expect(Set(counts.keys) == expected)
  // Each of the five has chance 1/5: mean 1000, deviation sqrt(5000 · 1/5 · 4/5) = 28.3; five.
  for (leaf, count) in counts { #expect(abs(count - 1000) < 142, "\(leaf)") }
}

@Test func `parts of an operator are leaves and differ`() {
  func isLeaf(_ statement: Statement) -> Bool {
    switch statement {
    case .knight, .knave: true
    default: false
    }
  }
  let generator = PuzzleGenerator(people: 2)
  var random = stream(13)
  for _ in 0..<2000 {
    switch generator.statement(by: 0, depth: 2, using: &random) {
    case .knight, .knave: break
    case .not(let part): #expect(isLeaf(part))
    case .and(let parts), .or(let parts):
      #expect(parts.count == 2 && parts.allSatisfy(isLeaf) && parts[0] != parts[1])
    case .implies(let left, let right), .iff(let left, let right):
      #expect(isLeaf(left) && isLeaf(right) && left != right)
    }
  }
}
