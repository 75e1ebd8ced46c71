import CountdownPlugin
import FulcrumKernel
import Testing

private typealias Step = Derivation.Step

@Test func `operations are exact or have no result`() {
  #expect(CountdownPlugin.Operation.add.result(17, 3) == 20)
  #expect(CountdownPlugin.Operation.subtract.result(3, 17) == -14)
  #expect(CountdownPlugin.Operation.multiply.result(17, 3) == 51)
  #expect(CountdownPlugin.Operation.divide.result(51, 3) == 17)
  #expect(CountdownPlugin.Operation.divide.result(-51, 3) == -17)
  #expect(CountdownPlugin.Operation.divide.result(52, 3) == nil)
  #expect(CountdownPlugin.Operation.divide.result(52, 0) == nil)
  #expect(CountdownPlugin.Operation.divide.result(.min, -1) == nil)
  #expect(CountdownPlugin.Operation.multiply.result(.max, 2) == nil)
  #expect(CountdownPlugin.Operation.add.result(.max, 1) == nil)
}

@Test func `a chain is written without repeating results, another step behind a comma`() {
  let chain = Derivation(steps: [Step(17, .multiply, 3, 51), Step(51, .add, 17, 68)])
  #expect(chain.text == "17*3=51+17=68")
  #expect(chain.expression == "(17 * 3) + 17")
  let tree = Derivation(
    steps: [Step(8, .subtract, 2, 6), Step(3, .multiply, 4, 12), Step(6, .divide, 12, 18)])
  #expect(tree.text == "8-2=6,3*4=12,6/12=18")
  #expect(tree.expression == "(8 - 2) / (3 * 4)")
  // The last result stands on the right.
  let right = Derivation(steps: [Step(8, .subtract, 2, 6), Step(20, .subtract, 6, 14)])
  #expect(right.text == "8-2=6,20-6=14")
  #expect(right.expression == "20 - (8 - 2)")
}

@Test func `a derivation solves a puzzle by right steps that take each number once`() {
  let puzzle = Puzzle(numbers: [17, 17, 3], target: 68)
  func solves(_ steps: Step...) -> Bool { Derivation(steps: steps).solves(puzzle) }
  #expect(solves(Step(17, .multiply, 3, 51), Step(51, .add, 17, 68)))
  #expect(solves(Step(3, .multiply, 17, 51), Step(17, .add, 51, 68)))
  #expect(!solves(Step(17, .multiply, 3, 51), Step(51, .add, 18, 69)))  // no 18
  #expect(!solves(Step(17, .multiply, 3, 51)))  // a number is left
  #expect(!solves(Step(17, .multiply, 3, 50), Step(50, .add, 18, 68)))  // arithmetic
  #expect(!solves(Step(17, .add, 17, 34), Step(34, .add, 34, 68)))  // a result twice
  #expect(!solves(Step(17, .add, 17, 34), Step(34, .add, 3, 37)))  // another value
  #expect(!solves())
}

@Test func `a puzzle is read from the answer that it writes`() {
  let puzzle = Puzzle(numbers: [17, 17, 3], target: 68)
  #expect(puzzle.answer == #"{"target":68,"numbers":[17,17,3]}"#)
  #expect(Puzzle(answer: puzzle.answer) == puzzle)
  #expect(Puzzle(answer: #"{"numbers": [17, 17, 3], "target": 68}"#) == puzzle)
  for answer in [
    "", "68", "{}", #"{"target":68}"#, #"{"target":68,"numbers":[]}"#,
    #"{"target":68.5,"numbers":[1]}"#, #"{"target":68,"numbers":["1"]}"#,
    #"{"target":68,"numbers":[99999999999999999999]}"#, #"{"target":68,"numbers":[1]"#,
  ] { #expect(Puzzle(answer: answer) == nil, "\(answer)") }
}

/// Worked out by a program in another language. A change of the hash would put what policies were
/// trained on into the held-out half.
@Test(
  arguments: [
    ([17, 17, 3], 68, "3 17 17 = 68", 5890070142030454988, false),
    ([1, 2], 3, "1 2 = 3", 12519505190454256098, false),
    ([44, 19, 35], 98, "19 35 44 = 98", 5162361475421475981, false),
    ([20, 1, 20, 7], 10, "1 7 20 20 = 10", 1559620602210894041, false),
    ([0, 100, -5], -95, "-5 0 100 = -95", 9740060758761108669, false),
    ([1, 9, 2], 13, "1 2 9 = 13", 9014022117524722096, true),
    ([1, 9, 2], 22, "1 2 9 = 22", 14922892175941063400, true),
    ([1, 9, 2], 29, "1 2 9 = 29", 4788908979767549280, true),
  ] as [([Int], Int, String, UInt64, Bool)])
func `the hash stays as it is for ever`(
  _ numbers: [Int], _ target: Int, _ form: String, _ hash: UInt64, _ isHeldOut: Bool
) {
  for order in [numbers, numbers.reversed()] {
    let puzzle = Puzzle(numbers: order, target: target)
    #expect(puzzle.form == form)
    #expect(puzzle.hash == hash)
    #expect(puzzle.isHeldOut == isHeldOut)
  }
}

@Test func `one form in eight is held out, whatever the target and the numbers`() {
  // 20 · 21 / 2 pairs for each of 90 targets. A share of n forms deviates by sqrt(7/64/n).
  func share(_ puzzles: [Puzzle]) -> Double {
    Double(puzzles.count(where: \.isHeldOut)) / Double(puzzles.count)
  }
  func isFair(_ puzzles: [Puzzle]) -> Bool {
    abs(share(puzzles) - 0.125) < 4.5 * (7.0 / 64 / Double(puzzles.count)).squareRoot()
  }
  let puzzles = (10...99).flatMap { target in
    (1...20).flatMap { a in (a...20).map { Puzzle(numbers: [a, $0], target: target) } }
  }
  #expect(isFair(puzzles))
  for (_, same) in Dictionary(grouping: puzzles, by: \.target) { #expect(isFair(same)) }
  for (_, same) in Dictionary(grouping: puzzles, by: { $0.target % 10 }) { #expect(isFair(same)) }
  for (_, same) in Dictionary(grouping: puzzles, by: { $0.numbers[0] }) { #expect(isFair(same)) }
  // Of two numbers' 90 targets a fair hash holds out 90/8, with a variance of 90 · 7/64 = 9.84; the
  // mean of 210 squared deviations has an error of 9.84 · sqrt(2/210) = 0.96. A hash that holds out
  // every eighth target has a variance below 1.
  let pairs = Dictionary(grouping: puzzles, by: \.numbers).values
  let squares = pairs.map { pair in
    let deviation = Double(pair.count(where: \.isHeldOut)) - 90.0 / 8
    return deviation * deviation
  }
  let variance = squares.reduce(0, +) / Double(pairs.count)
  #expect(pairs.count == 210 && abs(variance - 9.84) < 4 * 0.96)
}
