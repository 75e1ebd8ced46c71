import KnightsAndKnavesPlugin
import Testing

@Test func `an accused pair has one liar`() {
  // Person 0: "1 is a knave." Person 1: "We are both knights." If 1 were a knight, 0 would be one
  // too and would be lying. So 1 is a knave, and 0 speaks the truth.
  let statements: [Statement] = [.knave(1), .and([.knight(0), .knight(1)])]
  #expect(Solver.solutions(of: statements) == [[true, false]])
}

@Test func `one who claims or fails to be a knave pins both roles`() {
  // Person 0: "I am a knave or 1 is a knight." A knave would have told the truth with it, so 0 is a
  // knight and 1 one too. Person 1 says "0 is a knight", which is true.
  let statements: [Statement] = [.or([.knave(0), .knight(1)]), .knight(0)]
  #expect(Solver.solutions(of: statements) == [[true, true]])
}

@Test func `an implication and an equivalence decide three people`() {
  // 0: "if 1 is a knight then 2 is a knave"; 1: "0 is a knight iff 2 is a knight"; 2: "not: 0 is a
  // knight". 2 and 0 contradict each other, so exactly one of them is a knight and 1 is a knave;
  // then 0's premise is false and 0 tells the truth.
  let statements: [Statement] = [
    .implies(.knight(1), .knave(2)), .iff(.knight(0), .knight(2)), .not(.knight(0)),
  ]
  #expect(Solver.solutions(of: statements) == [[true, false, false]])
}

@Test func `solutions come with all knights first and person 0 last to change`() {
  // Two mutual "is a knight" claims fit both all knights and all knaves; the third person's claim
  // about themselves fits either role.
  let statements: [Statement] = [.knight(1), .knight(0), .knight(2)]
  #expect(
    Solver.solutions(of: statements)
      == [[true, true, true], [true, true, false], [false, false, true], [false, false, false]])
  #expect(
    Solver.solutions(of: statements, limit: 2) == [[true, true, true], [true, true, false]])
}

@Test func `a paradox has no solution`() {
  #expect(Solver.solutions(of: [.knave(0), .knight(1)]).isEmpty)
}

@Test func `assignments beyond one machine word are reached`() {
  // A chain of "the next is a knave" under a last one who says so of the first: 9 people, odd, no
  // fit. With 8 people: two alternating fits.
  func ring(_ people: Int) -> [Statement] { (0..<people).map { .knave(($0 + 1) % people) } }
  #expect(Solver.solutions(of: ring(9)).isEmpty)
  let alternating = (0..<8).map { $0.isMultiple(of: 2) }
  #expect(Solver.solutions(of: ring(8)) == [alternating, alternating.map { !$0 }])
}

@Test(.enabled(if: SharedData.isThere))
func `published puzzles have their published solutions`() throws {
  for people in 2...8 {
    for row in try PublishedFile.rows(of: [SharedData.path("memkk/people\(people).test_dev.jsonl")])
    {
      let statements = try #require(row.statements)
      let solutions = Solver.solutions(of: statements)
      #expect(solutions.map { Puzzle.rolesText($0, names: row.names) } == [row.answer])
    }
  }
}
