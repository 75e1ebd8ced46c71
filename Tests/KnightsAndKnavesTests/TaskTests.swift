import FulcrumKernel
import KnightsAndKnavesPlugin
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

@Test func `an item's prompt, answer and category agree`() throws {
  let task = try makeTask()
  for index in 0..<300 {
    let item = try task.trainingItem(index)
    let statements = try statements(of: item.prompt)
    #expect(item.category == "\(statements.count) people")
    #expect(item.id == "\(statements.count)-people/train/\(index)")
    let solutions = Solver.solutions(of: statements)
    #expect(solutions.count == 1)
    let roles = item.answer.split(separator: "\n").map { $0.hasSuffix("knight") }
    #expect(solutions.first == roles)
  }
}

@Test func `numbers of people are drawn uniformly`() throws {
  let task = try makeTask(["people": .integers([2, 3, 4])])
  var counts: [String: Int] = [:]
  for index in 0..<3000 { counts[try task.trainingItem(index).category, default: 0] += 1 }
  #expect(counts.keys.sorted() == ["2 people", "3 people", "4 people"])
  // Binomial: mean 1000, deviation sqrt(3000 · 1/3 · 2/3) = 25.8; five of them is 129.
  for (category, count) in counts { #expect(abs(count - 1000) < 129, "\(category)") }
}

@Test func `held-out forms never occur in training or demonstrations`() throws {
  let given: [String: ParameterValue] = ["people": .integers([2, 3, 4])]
  let task = try makeTask(given)
  let heldOut = try task.heldOutItems(perCategory: 150)
  let heldOutForms = try heldOut.map { CanonicalForm(try statements(of: $0.prompt)) }
  #expect(heldOut.count == 450)
  #expect(Set(heldOut.map(\.prompt)).count == 450)
  for index in 0..<3000 {
    let item = CanonicalForm(try statements(of: task.trainingItem(index).prompt))
    let example = CanonicalForm(try statements(of: task.demonstration(index).prompt))
    #expect(!heldOutForms.contains(item) && !heldOutForms.contains(example))
  }
}

@Test func `held-out items are the same for every run's seed`() throws {
  let one = try makeTask(seed: 1).heldOutItems(perCategory: 20)
  let other = try makeTask(seed: 99).heldOutItems(perCategory: 20)
  #expect(one.map(\.prompt) == other.map(\.prompt))
  let reseeded = try makeTask(["held-out-seed": .integer(7)]).heldOutItems(perCategory: 20)
  #expect(one.map(\.prompt) != reseeded.map(\.prompt))
}

@Test func `held-out items come category by category, and a longer list begins like a shorter`()
  throws
{
  let task = try makeTask(["people": .integers([4, 3])])
  let short = try task.heldOutItems(perCategory: 5)
  #expect(
    short.map(\.category) == Array(repeating: "3 people", count: 5)
      + Array(repeating: "4 people", count: 5))
  #expect(short[0].id == "3-people/held-out/0")
  let long = try task.heldOutItems(perCategory: 9)
  #expect(long.prefix(5).map(\.prompt) == short.prefix(5).map(\.prompt))
  #expect(try task.heldOutItems(perCategory: 0).isEmpty)
}

@Test func `two people have few held-out forms, which come first and then in other words`() throws {
  let items = try makeTask(["people": .integer(2)]).heldOutItems(perCategory: 100)
  let itemForms = try items.map { CanonicalForm(try statements(of: $0.prompt)) }
  // All unique puzzles of two people, sampled until nothing new turns up for long.
  var forms: Set<CanonicalForm> = []
  var random = stream(3)
  for _ in 0..<60_000 {
    forms.insert(CanonicalForm(PuzzleGenerator(people: 2).puzzle(using: &random).statements))
  }
  let heldOut = forms.filter(\.isHeldOut)
  // 399 puzzles have one solution; they are of 77 forms (counted by a program in another language).
  #expect(forms.count == 77)
  #expect(heldOut.count == 7)
  #expect(Set(itemForms.prefix(7)) == heldOut)
  #expect(Set(itemForms) == heldOut)
  #expect(items.map(\.form) == itemForms.map(\.text))
  #expect(Set(items.map(\.prompt)).count == 100)
}

@Test func `only the first names of the list occur`() throws {
  let task = try makeTask(["people": .integers([2, 4]), "names": .integer(4)])
  for index in 0..<200 {
    for line in try task.trainingItem(index).answer.split(separator: "\n") {
      #expect(["Ann", "Bob", "Cid", "Dan"].contains(String(line.split(separator: " ")[1])))
    }
  }
}

@Test func `sixteen people are within reach`() throws {
  let task = try makeTask(["people": .integer(16), "names": .integer(16)])
  let item = try task.trainingItem(0)
  #expect(item.category == "16 people")
  #expect(item.answer.split(separator: "\n").count == 16)
}

@Test(
  arguments: [
    (
      ["people": .integers([1, 2])], "people",
      "expected a list of whole numbers in 2...16, got [1, 2]"
    ),
    (["people": .integers([17])], "people", "expected a list of whole numbers in 2...16, got [17]"),
    (["people": .integers([])], "people", "expected at least one number of people, got none"),
    (["names": .integer(41)], "names", "expected a whole number in 2...40, got 41"),
    (["names": .integer(3)], "names", "expected at least 4 names for 4 people, got 3"),
    (["prompt": .text("raw")], "prompt", "expected one of chat, instruct, llama-3, base, got raw"),
    (["wording": .text("long")], "wording", "expected one of plain, terse, island, got long"),
    (["trace": .text("long")], "trace", "expected one of named, short, wordy, got long"),
    (
      ["demonstration-errors": .number(0.6)], "demonstration-errors",
      "expected a number in 0.0...0.5, got 0.6"
    ),
    (["attempts": .integer(0)], "attempts", "expected a whole number in 1...64, got 0"),
    (["luck": .number(1.5)], "luck", "expected a number in 0.0...1.0, got 1.5"),
    (["haste": .number(-1)], "haste", "expected a number in 0.0...1.0, got -1.0"),
    (["quit": .number(2)], "quit", "expected a number in 0.0...1.0, got 2.0"),
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
  fulcrumPluginKnightsAndKnaves(Unmanaged.passUnretained(registrar).toOpaque())
  #expect(registrar.pluginName == "knights-and-knaves")
  #expect(registrar.failure == nil)
  #expect(registrar.components.map(\.kind) == [.task, .reward])
  #expect(registrar.components.allSatisfy { $0.manual.name == "knights-and-knaves" })
}
