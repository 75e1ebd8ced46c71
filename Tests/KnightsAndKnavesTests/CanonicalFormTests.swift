import KnightsAndKnavesPlugin
import Testing

/// The statement with its persons renamed and every swappable pair of sides swapped.
private func twin(_ statement: Statement, _ renaming: [Int]) -> Statement {
  switch statement {
  case .knight(let person): .knight(renaming[person])
  case .knave(let person): .knave(renaming[person])
  case .not(let part): .not(twin(part, renaming))
  case .and(let parts): .and(parts.reversed().map { twin($0, renaming) })
  case .or(let parts): .or(parts.reversed().map { twin($0, renaming) })
  case .implies(let left, let right): .implies(twin(left, renaming), twin(right, renaming))
  case .iff(let left, let right): .iff(twin(right, renaming), twin(left, renaming))
  }
}

@Test(arguments: 2...6)
func `renamed twins share their form`(_ people: Int) {
  for number in 0..<50 {
    var random = stream(UInt64(100 + number))
    let statements = PuzzleGenerator(people: people).puzzle(using: &random).statements
    let renaming = Array(0..<people).shuffled(using: &random)
    var renamed = statements
    for (speaker, statement) in statements.enumerated() {
      renamed[renaming[speaker]] = twin(statement, renaming)
    }
    #expect(CanonicalForm(renamed) == CanonicalForm(statements), "\(statements) \(renaming)")
  }
}

@Test func `the form of two people is the lesser of both encodings`() {
  // As it stands: 128 (0 is a knight), then 2 2 128 131 (and, two parts, sides in order). Renamed:
  // 2 2 129 130, then 130. The lesser begins with 2; the number of people goes first.
  let form = CanonicalForm([.knight(0), .and([.knave(1), .knight(0)])])
  #expect(form.bytes == [2, 2, 2, 129, 130, 130])
}

@Test func `sides of an implication are not swapped`() {
  let one = CanonicalForm([.implies(.knight(0), .knave(1)), .knight(1)])
  let other = CanonicalForm([.implies(.knave(1), .knight(0)), .knight(1)])
  #expect(one != other)
}

@Test func `beyond six people only sides are ordered`() {
  let others = [Statement](repeating: .knight(0), count: 6)
  let form = CanonicalForm([.or([.knight(3), .knight(2)])] + others)
  #expect(form == CanonicalForm([.or([.knight(2), .knight(3)])] + others))
  #expect(form != CanonicalForm([.or([.knight(1), .knight(3)])] + others))
}

@Test func `who is not a knave is a knight, to forms`() {
  // By hand: "0: 1 is not a knave. 1: 0 is a knight and 1 is not a knight" is the puzzle of
  // `knight(1)` and `and(knight(0), knave(1))`.
  let plain = CanonicalForm([.knight(1), .and([.knight(0), .knave(1)])])
  #expect(
    CanonicalForm([.not(.knave(1)), .and([.not(.knight(1)), .not(.not(.knight(0)))])]) == plain)
  #expect(CanonicalForm([.not(.knight(1)), .and([.knight(0), .knave(1)])]) != plain)
  let whole = CanonicalForm([.knight(1), .not(.and([.knight(0), .knave(1)]))])
  #expect(whole != plain)
}

@Test func `nested sides are ordered as wholes`() {
  let inner = Statement.not(.or([.knight(1), .knave(0)]))
  let one = CanonicalForm([.and([inner, .knight(0)]), .knight(0)])
  #expect(one == CanonicalForm([.and([.knight(0), inner]), .knight(0)]))
}

@Test func `about one form in eight is held out`() {
  var forms: Set<CanonicalForm> = []
  let generator = PuzzleGenerator(people: 4)
  for number in 0..<4000 {
    var random = stream(UInt64(number))
    forms.insert(CanonicalForm(generator.puzzle(using: &random).statements))
  }
  let share = Double(forms.count(where: \.isHeldOut)) / Double(forms.count)
  // Binomial over nearly 4000 forms: deviation sqrt(1/8 · 7/8 / 4000) = 0.0052; five of them.
  #expect(abs(share - 0.125) < 0.026)
}

@Test func `the hash stays the same in every process`() {
  // The bytes are 2, 128, 128. The figure comes from FNV-1a and SplitMix64's finisher written
  // again in another language.
  #expect(CanonicalForm([.knight(0), .knight(0)]).bytes == [2, 128, 128])
  #expect(CanonicalForm([.knight(0), .knight(0)]).hash == 0x1792_AA26_E3EE_BBE7)
}
