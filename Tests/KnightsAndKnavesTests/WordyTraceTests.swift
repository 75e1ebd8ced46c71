import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

/// Ann: "Bob is a knave." Bob: "Ann is a knight and Bob is a knight." Ann is right.
private let puzzle = Puzzle(
  statements: [.knave(1), .and([.knight(0), .knight(1)])], solution: [true, false])
private let names = ["Ann", "Bob"]

/// Draws the first of each list, the order as it is, knaves, and that every chance above 0 happens.
private struct FirstGenerator: RandomNumberGenerator {
  // Not 0: a bounded draw takes a product with low bits near 0 for a biased one, and draws again.
  mutating func next() -> UInt64 { 1 << 32 }
}

private func completion(
  attempts: Int = 3, luck: Double = 0, quit: Double = 0, haste: Double = 0, errorRate: Double = 0
) -> String {
  var random = FirstGenerator()
  let trace = WordyTrace(
    attempts: attempts, luck: luck, quit: quit, haste: haste, errorRate: errorRate)
  return trace.completion(for: puzzle, names: names, using: &random)
}

@Test func `a lucky trial is the solution, and every statement is checked`() {
  #expect(
    completion(luck: 1) == """

      maybe Ann knight, Bob knave
      Ann: Bob lying means yes true, Ann knight fits
      Bob: Ann honest and Bob honest means yes no false, Bob knave fits
      so</think><answer>Ann is a knight, Bob is a knave</answer>
      """)
}

@Test func `after a clash another trial follows, and the last is not checked`() {
  // Both knaves: Ann's claim is true, which a knave's can't be. These draws know no other trial.
  let check = "Ann: Bob lying means yes true, Ann knave clash"
  #expect(
    completion() == """

      maybe Ann knave, Bob knave
      \(check)
      then Ann knave, Bob knave
      \(check)
      then Ann knave, Bob knave
      stop</think><answer>Ann is a knave, Bob is a knave</answer>
      """)
}

@Test func `who quits makes one more trial, and who has one attempt checks nothing`() {
  #expect(
    completion(quit: 0.1) == """

      maybe Ann knave, Bob knave
      Ann: Bob lying means yes true, Ann knave clash
      then Ann knave, Bob knave
      stop</think><answer>Ann is a knave, Bob is a knave</answer>
      """)
  #expect(
    completion(attempts: 1, luck: 1) == """

      maybe Ann knight, Bob knave
      stop</think><answer>Ann is a knight, Bob is a knave</answer>
      """)
}

@Test func `haste leaves out the checks, and an error turns a verdict round`() {
  #expect(
    completion(luck: 1, haste: 0.1) == """

      maybe Ann knight, Bob knave
      so</think><answer>Ann is a knight, Bob is a knave</answer>
      """)
  let lines = completion(luck: 1, errorRate: 0.1).split(separator: "\n")
  #expect(lines[1] == "Ann: Bob lying means yes true, Ann knight clash")
  // The solution was refused, so it isn't tried again; both knaves pass by error.
  #expect(lines[2] == "then Ann knave, Bob knave")
  #expect(lines[3] == "Ann: Bob lying means yes true, Ann knave fits")
}

/// Reads roles back: `Ann knight, Bob knave`.
private func roles(_ text: some StringProtocol, _ names: [String]) throws -> [Bool] {
  try names.map { name in
    let role = try #require(text.split(separator: "\(name) ").last)
    return role.hasPrefix("knight") || role.hasPrefix("is a knight")
  }
}

@Test func `what is written is true of the puzzle that the prompt tells`() throws {
  let task = try makeTask([
    "people": .integers([2, 3, 4]), "wording": .text("terse"), "trace": .text("wordy"),
    "luck": .number(0.25),
  ])
  var lucky = 0
  let count = 600
  for index in 0..<count {
    let demonstration = try task.demonstration(index)
    let start = try #require(demonstration.prompt.firstRange(of: "user\n")).upperBound
    let end = try #require(demonstration.prompt.firstRange(of: "<|im_end|>")).lowerBound
    let statements = demonstration.prompt[start..<end].split(separator: "\n").map(String.init)
    let names = statements.map { String($0.prefix { $0 != ":" }) }
    let parts = demonstration.completion.split(separator: "</think>")
    var trial: [Bool] = []
    var trials = 0
    for line in parts[0].split(separator: "\n").dropLast().map(String.init) {
      let words = line.split { " ,:".contains($0) }.map(String.init)
      guard line.contains(":") else {
        trial = try roles(line, names)
        trials += 1
        #expect((trials == 1 ? TraceWords.openers : TraceWords.retries).contains(words[0]))
        continue
      }
      let statement = try #require(statements.first { line.hasPrefix($0 + " ") })
      let rest = line.dropFirst(statement.count).split { " ,".contains($0) }.map(String.init)
      #expect(TraceWords.readings.contains(rest[0]))
      // Independent of the library: "honest" after a name that is a knight is a yes.
      let claims = statement.split(separator: " ").dropFirst()
      let leaves = zip(claims, claims.dropFirst()).filter { ["honest", "lying"].contains($1) }
      let marks = try leaves.map { name, claim in
        trial[try #require(names.firstIndex(of: String(name)))] == (claim == "honest")
      }
      #expect(rest[1...leaves.count].map { $0 == "yes" } == marks)
      let isNegated = claims.first == "not"
      let isTrue: Bool =
        if claims.contains("and") { marks[0] && marks[1] } else if claims.contains("or") {
          marks[0] || marks[1]
        } else if claims.contains("then") { !marks[0] || marks[1] } else if claims.contains("iff") {
          marks[0] == marks[1]
        } else { marks[0] != isNegated }
      let isKnight = trial[try #require(names.firstIndex(of: words[0]))]
      #expect(
        Array(rest[(leaves.count + 1)...(leaves.count + 3)])
          == ["\(isTrue)", words[0], isKnight ? "knight" : "knave"])
      #expect(
        (isTrue == isKnight ? TraceWords.fits : TraceWords.clashes).contains(rest[rest.count - 1]))
    }
    #expect(try roles(parts[1].dropLast("</answer>".count), names) == trial)
    #expect((1...3).contains(trials))
    let last = try #require(parts[0].split(separator: "\n").last).description
    #expect((TraceWords.successes + TraceWords.surrenders).contains(last))
    #expect(trials == 3 || TraceWords.successes.contains(last))
    lucky += trials
  }
  // A first trial is right with chance 1/4 + 3/4 · 2^-n, and hurried or right ones end it.
  #expect(lucky > count * 3 / 2 && lucky < count * 5 / 2, "\(lucky)")
}

@Test func `first trials are solutions as often as luck and chance say`() {
  var right = 0
  let trace = WordyTrace(attempts: 1, luck: 0.25, quit: 0, haste: 0, errorRate: 0)
  let names = ["Ann", "Bob", "Cid"]
  for number in 0..<2000 {
    var random = stream(UInt64(number))
    let puzzle = PuzzleGenerator(people: 3).puzzle(using: &random)
    let truth = RoleList(truth: Puzzle.rolesText(puzzle.solution, names: names))
    let completion = trace.completion(for: puzzle, names: names, using: &random)
    right += FirstTrial(of: completion, about: truth).isKnight == puzzle.solution ? 1 : 0
  }
  // 1/4 + 3/4 · 1/8 = 0.344 of 2000 are 688; deviation sqrt(2000 · 0.344 · 0.656) = 21; five of them.
  #expect(abs(right - 688) < 106, "\(right)")
}

@Test func `words of one kind are different, and none is a role or a name`() {
  let kinds = [
    TraceWords.openers, TraceWords.retries, TraceWords.readings, TraceWords.fits,
    TraceWords.clashes, TraceWords.successes, TraceWords.surrenders,
  ]
  for words in kinds { #expect(Set(words).count == words.count) }
  // A verdict's word and the last word say how it ends.
  #expect(Set(TraceWords.fits).isDisjoint(with: TraceWords.clashes))
  #expect(Set(TraceWords.successes).isDisjoint(with: TraceWords.surrenders))
  let reserved = Set(["knight", "knave", "honest", "lying", "is", "a"] + FirstNames.all)
  #expect(reserved.isDisjoint(with: kinds.joined()))
}
