import CountdownPlugin
import FulcrumKernel
import Testing

@Test func `items are functions of the seed and of their number`() throws {
  let task = try makeTask()
  let forward = try (0..<50).map { try task.trainingItem($0) }
  let other = try makeTask()
  let backward = try (0..<50).reversed().map { try other.trainingItem($0) }.reversed()
  #expect(forward.map(\.prompt) == backward.map(\.prompt))
  #expect(forward.map(\.answer) == backward.map(\.answer))
  #expect(Set(forward.map(\.id)).count == 50)
  let reseeded = try makeTask(seed: 2)
  let different = try (0..<50).map { try reseeded.trainingItem($0).prompt }
  #expect(different != forward.map(\.prompt))
}

@Test func `items stay as they are for ever`() throws {
  let task = try makeTask()
  let training = try (0..<3).map { try task.trainingItem($0).prompt }
  #expect(training == ["20 17 12 make 49:", "9 13 16 make 38:", "4 14 10 make 20:"])
  let heldOut = try task.heldOutItems(perCategory: 3).map(\.prompt)
  #expect(heldOut == ["1 14 2 make 16:", "5 13 4 make 61:", "12 10 19 make 41:"])
}

@Test(
  arguments: [
    (["numbers": .integers([2, 3, 4])], "+-*", false),
    (
      [
        "numbers": .integers([3, 4]), "operations": .texts(["/", "*", "+", "-"]),
        "order": .text("tree"), "range": .integers([1, 12]),
      ], "+-*/", true
    ),
    (["operations": .texts(["-", "+"]), "numbers": .integers([5])], "+-", false),
  ] as [([String: ParameterValue], String, Bool)])
func `every puzzle can be solved within the rules`(
  _ given: [String: ParameterValue], _ operations: String, _ isTree: Bool
) throws {
  let task = try makeTask(given)
  let items = try (0..<150).map { try task.trainingItem($0) } + task.heldOutItems(perCategory: 50)
  let greatest = isTree ? 12 : 20
  for item in items {
    let puzzle = try puzzle(of: item)
    #expect(item.prompt == PromptStyle.short.prompt(for: puzzle))
    #expect(item.category == "\(puzzle.numbers.count) numbers")
    #expect(item.form == puzzle.form)
    #expect(puzzle.numbers.allSatisfy((1...greatest).contains))
    #expect((10...99).contains(puzzle.target))
    #expect(BruteForce.solutions(of: puzzle, operations: operations, isTree: isTree) > 0)
  }
}

@Test func `a puzzle is as likely as it has derivations`() throws {
  // Of 1, 2 and 3 with + and *, left to right, in any order: 24 written derivations. 6 comes from
  // 1+2+3 and 1*2*3 in all 6 orders each: 12 of 24; with targets of 5 to 9 the others are
  // 1+2*3 and 2+1*3 = 9; 2*3+1 and 3*2+1 = 7; 1*2+3, 2*1+3 and 1*3+2, 3*1+2 = 5; 1+3*2 and
  // 3+1*2 = 8; 2+3*1 and 3+2*1 = 5.
  let rules = PuzzleRules(
    range: 1...3, operations: [.add, .multiply], order: .leftToRight, results: 0...99,
    target: 5...9)
  var random = stream(3)
  var counts: [Int: Int] = [:]
  for _ in 0..<24_000 {
    let derivation = try #require(rules.derivation(of: [1, 2, 3], using: &random))
    counts[derivation.steps[1].result, default: 0] += 1
  }
  // Binomial of 24,000 draws: at most a deviation of sqrt(24000/4) = 77; five of them is 390.
  for (target, ways) in [6: 12, 9: 2, 7: 2, 5: 6, 8: 2] {
    #expect(abs(counts[target, default: 0] - 1000 * ways) < 390, "\(target)")
  }
}

@Test func `counts of numbers are drawn uniformly`() throws {
  let task = try makeTask(["numbers": .integers([4, 2, 3, 2])])
  var counts: [String: Int] = [:]
  for index in 0..<3000 { counts[try task.trainingItem(index).category, default: 0] += 1 }
  #expect(counts.keys.sorted() == ["2 numbers", "3 numbers", "4 numbers"])
  // Binomial: mean 1000, deviation sqrt(3000 · 1/3 · 2/3) = 25.8; five of them is 129.
  for (category, count) in counts { #expect(abs(count - 1000) < 129, "\(category)") }
}

@Test func `held-out forms never occur in training or demonstrations`() throws {
  let task = try makeTask(["numbers": .integers([2, 3])])
  let heldOut = Set(try task.heldOutItems(perCategory: 400).compactMap(\.form))
  #expect(heldOut.count > 300)
  let forms = try (0..<5000).flatMap { index in
    let example = try #require(
      PlainPrompt.puzzle(of: task.demonstration(index).prompt))
    return [try task.trainingItem(index).form, example.form]
  }
  #expect(heldOut.isDisjoint(with: forms.compactMap(\.self)))
}

/// Means over puzzles, with the errors of these means.
private struct Means {
  let values: [(name: String, mean: Double, error: Double)]

  init(_ puzzles: [Puzzle]) {
    let measures: [(name: String, value: (Puzzle) -> Int)] = [
      ("least", { $0.numbers.min() ?? 0 }),
      ("greatest", { $0.numbers.max() ?? 0 }),
      ("sum", { $0.numbers.reduce(0, +) }),
      ("target", { $0.target }),
      ("last digit", { $0.target % 10 }),
      ("even", { $0.target % 2 }),
      ("solutions", { BruteForce.solutions(of: $0) }),
    ]
    values = measures.map { name, value in
      let all = puzzles.map { Double(value($0)) }
      let mean = all.reduce(0, +) / Double(all.count)
      let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count - 1)
      return (name, mean, (variance / Double(all.count)).squareRoot())
    }
  }
}

@Test func `held-out puzzles are like training puzzles`() throws {
  let task = try makeTask()
  // No held-out puzzle comes twice, so the training puzzles are taken once each, too.
  var seen: Set<Puzzle> = []
  var training: [Puzzle] = []
  for index in 0..<2000 where training.count < 1000 {
    let item = try puzzle(of: task.trainingItem(index))
    if seen.insert(item).inserted { training.append(item) }
  }
  let heldOut = try task.heldOutItems(perCategory: 1000).map(puzzle)
  #expect(training.count == 1000 && Set(heldOut).count == 1000)
  for (one, other) in zip(Means(training).values, Means(heldOut).values) {
    // Four deviations of the difference: a fair split fails with one seed in 2,000.
    let error = (one.error * one.error + other.error * other.error).squareRoot()
    #expect(abs(one.mean - other.mean) < 4 * error, "\(one) \(other)")
  }
}

@Test func `held-out items are the same for every run's seed`() throws {
  let one = try makeTask(seed: 1)
  let other = try makeTask(seed: 99)
  #expect(
    try one.heldOutItems(perCategory: 20).map(\.prompt)
      == other.heldOutItems(perCategory: 20).map(\.prompt))
  let demonstrations = try one.heldOutDemonstrations(atMost: 20)
  #expect(
    try demonstrations.map(\.completion)
      == other.heldOutDemonstrations(atMost: 20).map(\.completion))
  let reseeded = try makeTask(["held-out-seed": .integer(7)])
  #expect(
    try one.heldOutItems(perCategory: 20).map(\.prompt)
      != reseeded.heldOutItems(perCategory: 20).map(\.prompt))
  #expect(demonstrations.count == 20)
  for demonstration in demonstrations {
    #expect(PlainPrompt.puzzle(of: demonstration.prompt)?.isHeldOut == true)
  }
}

@Test func `held-out items come category by category, and a longer list begins like a shorter`()
  throws
{
  let task = try makeTask(["numbers": .integers([4, 3])])
  let short = try task.heldOutItems(perCategory: 5)
  #expect(
    short.map(\.category) == Array(repeating: "3 numbers", count: 5)
      + Array(repeating: "4 numbers", count: 5))
  #expect(short[0].id == "3-numbers/held-out/0")
  let long = try task.heldOutItems(perCategory: 9)
  #expect(long.prefix(5).map(\.prompt) == short.prefix(5).map(\.prompt))
  #expect(try task.heldOutItems(perCategory: 0).isEmpty)
}

@Test func `a form may come again with its numbers in another order, a puzzle never`() throws {
  let given: [String: ParameterValue] = ["numbers": .integers([2]), "range": .integers([1, 9])]
  let items = try makeTask(given).heldOutItems(perCategory: 1000)
  // Every pair's sum and product from 10 to 99, in both orders; differences are below 10.
  var puzzles: Set<Puzzle> = []
  for a in 1...9 {
    for b in 1...9 {
      for target in [a + b, a * b] where target >= 10 {
        let puzzle = Puzzle(numbers: [a, b], target: target)
        if puzzle.isHeldOut { puzzles.insert(puzzle) }
      }
    }
  }
  #expect(!puzzles.isEmpty && items.count == puzzles.count)
  #expect(try Set(items.map(puzzle)) == puzzles)
  #expect(Set(items.compactMap(\.form)).count < items.count)
}

@Test(
  arguments: [
    (
      ["numbers": .integers([1, 3])], "numbers",
      "expected a list of whole numbers in 2...8, got [1, 3]"
    ),
    (["numbers": .integers([])], "numbers", "expected at least one count of numbers, got none"),
    (
      ["range": .integers([20])], "range",
      "expected two numbers, the least and the greatest, got [20]"
    ),
    (
      ["target": .integers([99, 10])], "target",
      "expected two numbers, the least and the greatest, got [99, 10]"
    ),
    (
      ["operations": .texts(["+", "x"])], "operations",
      "expected operations of + - * /, got 'x'"
    ),
    (["operations": .texts([])], "operations", "expected at least one of + - * /, got none"),
    (["order": .text("rpn")], "order", "expected one of left-to-right, tree, got rpn"),
    (
      ["prompt": .text("chat")], "prompt",
      "expected one of short, tinyzero, tinyzero-instruct, got chat"
    ),
    (["luck": .number(1.5)], "luck", "expected a number in 0.0...1.0, got 1.5"),
    (["attempts": .integer(0)], "attempts", "expected a whole number in 1...64, got 0"),
    (
      ["range": .integers([60, 70]), "operations": .texts(["+"])], "target",
      "expected puzzles of 3 numbers to train and to evaluate on, got none in 100000 draws"
    ),
  ] as [([String: ParameterValue], String, String)])
func `parameters out of range are refused`(
  _ given: [String: ParameterValue], _ name: String, _ message: String
) {
  let error = failure { _ = try makeTask(given) }
  #expect(error?.code == .parameter)
  #expect(error?.location == "task.\(name)")
  #expect(error?.message == message)
}

@Test func `a negative index is refused`() throws {
  let task = try makeTask()
  for body in [{ _ = try task.trainingItem(-1) }, { _ = try task.demonstration(-1) }] {
    let error = failure(of: body)
    #expect(error?.code == .usage)
    #expect(error?.message == "expected an index of at least 0, got -1")
  }
}

@Test func `the plugin registers a task and a reward`() {
  let registrar = PluginRegistrar()
  fulcrumPluginCountdown(Unmanaged.passUnretained(registrar).toOpaque())
  #expect(registrar.pluginName == "countdown")
  #expect(registrar.failure == nil)
  #expect(registrar.components.map(\.kind) == [.task, .reward])
  #expect(registrar.components.allSatisfy { $0.manual.name == "countdown" })
}
