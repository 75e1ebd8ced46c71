import FulcrumKernel
import KnightsAndKnavesPlugin
import Testing

/// Ann: "Bob is a knave." Bob: "Ann is a knight and Bob is a knight." Ann is right.
private let puzzle = Puzzle(
  statements: [.knave(1), .and([.knight(0), .knight(1)])], solution: [true, false])
private let names = ["Ann", "Bob"]

/// Gives every draw the same value: the greatest never flips a mark, the least always does.
private struct ConstantGenerator: RandomNumberGenerator {
  let value: UInt64
  mutating func next() -> UInt64 { value }
}

@Test func `a named trace tries assignments in order`() {
  var random = ConstantGenerator(value: 0)
  // Both knights: Ann's claim is false, bad. Knight and knave: Ann's is true, Bob's false; both ok.
  #expect(
    SearchTrace.named.completion(for: puzzle, names: names, errorRate: 0, using: &random) == """

      Ann knight, Bob knight: Ann bad
      Ann knight, Bob knave: Ann ok, Bob ok</think>
      <answer>
      (1) Ann is a knight
      (2) Bob is a knave
      </answer>
      """)
}

@Test func `a short trace writes letters and marks`() {
  var random = ConstantGenerator(value: 0)
  #expect(
    SearchTrace.short.completion(for: puzzle, names: names, errorRate: 0, using: &random) == """

      K K: bad
      K N: ok ok</think>
      <answer>
      (1) Ann is a knight
      (2) Bob is a knave
      </answer>
      """)
}

@Test func `when every mark is flipped the search still ends`() {
  var random = ConstantGenerator(value: 0)
  // K K: Ann's mark flips to ok; Bob's claim is true and he a knight, flipped to bad. K N: Ann's
  // flips to bad. N K: Ann's claim is false and she a knave: right, flipped to bad. N N: Ann's claim
  // is true and she a knave: wrong, flipped to ok; Bob's is false and he a knave: right, flipped to
  // bad. It was the last trial, so it is the answer.
  #expect(
    SearchTrace.short.completion(for: puzzle, names: names, errorRate: 0.5, using: &random) == """

      K K: ok bad
      K N: bad
      N K: bad
      N N: ok bad</think>
      <answer>
      (1) Ann is a knave
      (2) Bob is a knave
      </answer>
      """)
}

@Test func `draws above the error rate flip nothing`() {
  var random = ConstantGenerator(value: .max)
  let careful = SearchTrace.named.completion(
    for: puzzle, names: names, errorRate: 0.5, using: &random)
  let perfect = SearchTrace.named.completion(
    for: puzzle, names: names, errorRate: 0, using: &random)
  #expect(careful == perfect)
}

@Test(arguments: SearchTrace.allCases, PromptStyle.allCases)
func `every faultless demonstration earns the full reward`(
  _ trace: SearchTrace, _ prompt: PromptStyle
) throws {
  let task = try makeTask([
    "trace": .text(trace.rawValue), "prompt": .text(prompt.rawValue),
    "people": .integers([2, 3, 4, 5]),
  ])
  for index in 0..<200 {
    let demonstration = try task.demonstration(index)
    #expect(demonstration.prompt.hasSuffix("<think>"))
    // The truth isn't part of a demonstration, so it is solved anew from the prompt's text.
    let (names, statements) = try plainPuzzle(of: demonstration.prompt)
    let solution = try #require(Solver.solutions(of: statements).first)
    #expect(
      try total(
        demonstration.completion, prompt: demonstration.prompt,
        answer: Puzzle.rolesText(solution, names: names)) == 3)
  }
}

@Test func `faultless searches end in the solution`() {
  for people in 2...6 {
    for number in 0..<50 {
      var random = stream(UInt64(number))
      let puzzle = PuzzleGenerator(people: people).puzzle(using: &random)
      let worded = WordedPuzzle(
        puzzle, namesFrom: FirstNames.all, wording: .plain, using: &random)
      let completion = SearchTrace.named.completion(
        for: puzzle, names: worded.names, errorRate: 0, using: &random)
      #expect(completion.hasSuffix("</think>\n<answer>\n\(worded.answer)\n</answer>"))
    }
  }
}

@Test func `errors lower the share of right demonstrations and keep them consistent`() {
  var right = 0
  for number in 0..<400 {
    var random = stream(UInt64(1000 + number))
    let puzzle = PuzzleGenerator(people: 3).puzzle(using: &random)
    let names = ["Ann", "Bob", "Cid"]
    let completion = SearchTrace.short.completion(
      for: puzzle, names: names, errorRate: 0.2, using: &random)
    let lines = completion.split(separator: "</think>")[0].split(separator: "\n")
    for (index, line) in lines.enumerated() {
      // Only the last trial may pass, and a trial stops at its first bad mark.
      let marks = line.split(separator: ": ")[1].split(separator: " ")
      #expect(marks.dropLast().allSatisfy { $0 == "ok" })
      if index < lines.count - 1 { #expect(marks.last == "bad") }
    }
    let last = lines[lines.count - 1].prefix(5).split(separator: " ").map { $0 == "K" }
    #expect(completion.hasSuffix("<answer>\n\(Puzzle.rolesText(last, names: names))\n</answer>"))
    right += last == puzzle.solution ? 1 : 0
  }
  // The solution passes with chance 0.8³ = 0.51 once it is reached, and each of the up to seven
  // trials before it may pass wrongly: well below all, well above the 1/8 of a guess.
  #expect((80...280).contains(right), "\(right)")
}
