import CountdownPlugin
import FulcrumKernel
import Testing

private let answer = #"{"target":68,"numbers":[17,17,3]}"#
private let puzzle = Puzzle(numbers: [17, 17, 3], target: 68)
private let solution = Derivation(
  steps: [
    Derivation.Step(17, .multiply, 3, 51), Derivation.Step(51, .add, 17, 68),
  ])
private let rules = PuzzleRules(
  range: 1...20, operations: [.add, .subtract, .multiply], order: .leftToRight, results: 0...99,
  target: 10...99)

@Test func `one sure of luck solves at once`() throws {
  var random = stream(1)
  let style = DemonstrationStyle(attempts: 4, luck: 1, quit: 0)
  for _ in 0..<50 {
    let (text, end) = style.attempts(at: puzzle, knowing: solution, by: rules, using: &random)
    #expect(end == solution)
    let words = text.split(separator: " ")
    #expect(words.count == 2)
    #expect(words[0].hasSuffix("17*3=51+17=68/68"))
    #expect(Words.openers.contains(String(words[0].prefix { $0.isLetter })))
    #expect(Words.successes.contains(String(words[1])))
  }
}

@Test func `one who quits stops after the first miss`() throws {
  var random = stream(2)
  let style = DemonstrationStyle(attempts: 4, luck: 0, quit: 1)
  for _ in 0..<200 {
    let (text, end) = style.attempts(at: puzzle, knowing: solution, by: rules, using: &random)
    let attempts = ShortResponse(text).attempts
    #expect(attempts.count == 1)
    #expect(text.hasSuffix(end == nil ? " stop" : String(attempts[0].words[0])))
  }
}

@Test func `no attempt is made twice, and without another one stops`() throws {
  // 1 and 2 with a sum have two derivations, 1+2 and 2+1, neither of which is 5.
  var random = stream(3)
  let sums = PuzzleRules(
    range: 1...2, operations: [.add], order: .leftToRight, results: 0...9, target: 3...3)
  let style = DemonstrationStyle(attempts: 9, luck: 0, quit: 0)
  let (text, end) = style.attempts(
    at: Puzzle(numbers: [1, 2], target: 5), knowing: solution, by: sums, using: &random)
  #expect(end == nil)
  #expect(text.hasSuffix(" stop"))
  #expect(Set(ShortResponse(text).attempts.map { $0.derivation?.text }) == ["1+2=3", "2+1=3"])
  #expect(ShortResponse(text).attempts.count == 2)
}

@Test(
  arguments: PromptStyle.allCases,
  [
    [:],
    [
      "numbers": .integers([3, 4, 5]), "operations": .texts(["+", "-", "*", "/"]),
      "order": .text("tree"), "results": .integers([-50, 500]), "target": .integers([-20, 200]),
      "range": .integers([1, 99]), "attempts": .integer(10), "quit": .number(0.2),
      "luck": .number(0.3),
    ],
  ] as [[String: ParameterValue]])
func `a demonstration scores 1 if it ends in success, and 0 if it stops`(
  _ prompt: PromptStyle, _ given: [String: ParameterValue]
) throws {
  let task = try makeTask(given.merging(["prompt": .text(prompt.rawValue)]) { $1 })
  // The same draws in the short style, whose prompt says the puzzle.
  let plain = try makeTask(given)
  var solved = 0
  for index in 0..<400 {
    let demonstration = try task.demonstration(index)
    let puzzle = try #require(PlainPrompt.puzzle(of: plain.demonstration(index).prompt))
    #expect(demonstration.prompt == prompt.prompt(for: puzzle))
    #expect(!puzzle.isHeldOut)
    let stops = demonstration.completion.contains(" " + Words.stop)
    let score = try score(
      demonstration.completion, prompt: demonstration.prompt, answer: puzzle.answer)
    #expect(score.value == (stops ? 0 : 1), "\(demonstration.completion)")
    if !stops { solved += 1 }
  }
  #expect((100..<390).contains(solved))
}

@Test func `luck is the chance that an attempt is a solution at least`() throws {
  // A random attempt hits now and then, too, so the share of first attempts lies above luck.
  let task = try makeTask(["luck": .number(0.5)])
  var first = 0.0
  for index in 0..<1000 {
    let demonstration = try task.demonstration(index)
    let puzzle = try #require(PlainPrompt.puzzle(of: demonstration.prompt))
    first += try score(demonstration.completion, answer: puzzle.answer).parts[0].value
  }
  // Deviation sqrt(1000 / 4) = 16; four of them is 64.
  #expect((436..<700).contains(first))
}

@Test func `demonstrations stay as they are for ever`() throws {
  let task = try makeTask()
  let first = try task.demonstration(0)
  #expect(
    first.prompt + first.completion
      == "6 9 13 make 16: maybe9+6=15-13=2/16 nope maybe9+6=15+13=28/16 nope say13-9=4*6=24/16 nope"
      + " try13*6=78-9=69/16 miss stop")
  let sixth = try task.demonstration(6)
  let attempts = " say4+2=6+9=15/22 miss try9*2=18+4=22/22 yes"
  #expect(sixth.completion == attempts)
  let tagged = try makeTask(["prompt": .text("tinyzero")]).demonstration(6)
  #expect(tagged.completion == attempts + " </think>\n<answer> (9 * 2) + 4 </answer>")
}

@Test func `words are of one kind each`() {
  let all = Words.openers + Words.failures + Words.successes + [Words.stop]
  #expect(Set(all).count == all.count)
  #expect(all.allSatisfy { $0.allSatisfy { $0.isLetter && $0.isASCII } })
}
