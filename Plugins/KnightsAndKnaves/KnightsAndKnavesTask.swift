import FulcrumKernel

/// Serves knights-and-knaves puzzles, generated without end or read from published files.
///
/// Generated puzzles are split by their canonical form: one form in eight is held out, so that no
/// held-out puzzle is a renamed training puzzle. Item i is a function of the seed and of i.
package struct KnightsAndKnavesTask: DemonstratingTask {
  /// Name, source and parameters for the host.
  package static let manual = ComponentManual(
    name: "knights-and-knaves",
    summary: "puzzles of 2 to 16 people with exactly one solution, generated or from files",
    source: "mem-kk-logic, arXiv 2410.23123; prompts of Logic-RL, arXiv 2502.14768",
    parameters: TaskOptions.schema)

  private let options: TaskOptions
  private let location: String
  private let trainingRows: [PublishedRow]
  private let heldOutRows: [PublishedRow]
  /// The forms of held-out rows, which generated training puzzles avoid.
  private let heldOutForms: Set<CanonicalForm>
  private let trainingRandom: CounterRandom
  private let demonstrationRandom: CounterRandom

  /// Reads the files, if there are any.
  ///
  /// - Throws: `.parameter` as `TaskOptions`; what `PublishedFile` throws.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    options = try TaskOptions(parameters)
    location = parameters.location
    do {
      trainingRows = try PublishedFile.rows(of: options.files)
      heldOutRows = try PublishedFile.rows(of: options.heldOutFiles)
      try PublishedFile.requireDisjoint(training: trainingRows, heldOut: heldOutRows)
    } catch {
      throw error.within(parameters.location)
    }
    // Forms serve to keep generated puzzles apart; published splits are taken as they are.
    let avoided = options.files.isEmpty ? heldOutRows : []
    heldOutForms = Set(avoided.compactMap(\.statements).map { CanonicalForm($0) })
    trainingRandom = CounterRandom(seed: context.seed, purpose: "knights-and-knaves/train")
    demonstrationRandom = CounterRandom(
      seed: context.seed, purpose: "knights-and-knaves/demonstration")
  }

  /// The number of rows; `nil` for generated puzzles.
  package var trainingCount: Int? { options.files.isEmpty ? nil : trainingRows.count }

  /// Returns the row of that number, or the puzzle generated for it.
  ///
  /// - Throws: `.usage` for an index outside the source.
  package func trainingItem(_ index: Int) throws(FulcrumError) -> TaskItem {
    try requireIndex(index, below: trainingCount)
    if !options.files.isEmpty { return item(trainingRows[index], split: "train", index) }
    var random = trainingRandom.stream(UInt64(index))
    return item(trainingPuzzle(using: &random), split: "train", index)
  }

  /// Returns at most `count` items for each number of people, in the order of these numbers.
  ///
  /// Generated items differ in canonical form as long as there are enough forms. Two people have
  /// few, so their later items repeat forms in other wordings and with other names: items say their
  /// form, so that intervals don't take repeats for independent.
  ///
  /// - Throws: `.unsupported` if training items come from files and held-out ones don't.
  package func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    guard count > 0 else { return [] }
    if !options.heldOutFiles.isEmpty {
      return Dictionary(grouping: heldOutRows, by: \.names.count)
        .sorted { $0.key < $1.key }
        .flatMap { _, rows in
          rows.prefix(count).enumerated().map {
            var item = item($1, split: "held-out", $0)
            item.form = $1.statements.map { CanonicalForm($0).text }
            return item
          }
        }
    }
    guard options.files.isEmpty else {
      throw FulcrumError(
        .unsupported, "expected held-out files beside training files, got none",
        at: "\(location).held-out-files",
        hint: "name the files to evaluate on in 'held-out-files'")
    }
    return options.people.flatMap { generatedHeldOutItems(people: $0, count: count) }
  }

  /// Returns a training puzzle other than those of `trainingItem`, with a worked
  /// solution as the completion.
  ///
  /// - Throws: `.unsupported` if training items come from files; `.usage` for a negative index.
  package func demonstration(_ index: Int) throws(FulcrumError) -> Demonstration {
    guard options.files.isEmpty else {
      throw FulcrumError(
        .unsupported, "expected generated puzzles for demonstrations, got 'files'",
        at: "\(location).files", hint: "leave out 'files' for the warm start")
    }
    try requireIndex(index, below: nil)
    var random = demonstrationRandom.stream(UInt64(index))
    let worded = trainingPuzzle(using: &random)
    return Demonstration(
      prompt: options.prompt.prompt(for: worded.quiz),
      completion: options.style.completion(
        for: worded.puzzle, names: worded.names, using: &random))
  }

  /// Resamples until the puzzle is not held out.
  private func trainingPuzzle(using random: inout RandomStream) -> WordedPuzzle {
    let people = options.people[Int.random(in: options.people.indices, using: &random)]
    let generator = PuzzleGenerator(people: people)
    while true {
      let puzzle = generator.puzzle(using: &random)
      let form = CanonicalForm(puzzle.statements)
      if form.isHeldOut || heldOutForms.contains(form) { continue }
      return worded(puzzle, using: &random)
    }
  }

  private func generatedHeldOutItems(people: Int, count: Int) -> [TaskItem] {
    let random = CounterRandom(
      seed: options.heldOutSeed, purpose: "knights-and-knaves/held-out/\(people)")
    let generator = PuzzleGenerator(people: people)
    // One try in eight is held out; the rest of the bound lets two people's few forms turn up. The
    // clamp keeps a count that stands for "all" from overflowing.
    let attempts = 64 * min(count, 1 << 20) + 4096
    var forms: Set<CanonicalForm> = []
    var fresh: [WordedPuzzle] = []
    var repeats: [WordedPuzzle] = []
    for attempt in 0..<attempts where fresh.count < count {
      var stream = random.stream(UInt64(attempt))
      let puzzle = generator.puzzle(using: &stream)
      let form = CanonicalForm(puzzle.statements)
      guard form.isHeldOut else { continue }
      if forms.insert(form).inserted {
        fresh.append(worded(puzzle, using: &stream))
      } else if repeats.count < count {
        repeats.append(worded(puzzle, using: &stream))
      }
    }
    var texts: Set<String> = []
    return (fresh + repeats).filter { texts.insert($0.quiz).inserted }.prefix(count)
      .enumerated().map {
        var item = item($1, split: "held-out", $0)
        item.form = $1.form.text
        return item
      }
  }

  private func worded(_ puzzle: Puzzle, using random: inout RandomStream) -> WordedPuzzle {
    WordedPuzzle(
      puzzle, namesFrom: FirstNames.all.prefix(options.nameCount), wording: options.wording,
      using: &random)
  }

  private func item(_ worded: WordedPuzzle, split: String, _ index: Int) -> TaskItem {
    TaskItem(
      id: "\(worded.puzzle.people)-people/\(split)/\(index)",
      prompt: options.prompt.prompt(for: worded.quiz), answer: worded.answer,
      category: "\(worded.puzzle.people) people",
      messages: options.prompt.messages(for: worded.quiz))
  }

  private func item(_ row: PublishedRow, split: String, _ index: Int) -> TaskItem {
    var item = TaskItem(
      id: "\(row.names.count)-people/\(split)/\(index)",
      prompt: row.prompt ?? options.prompt.prompt(for: row.quiz), answer: row.answer,
      category: row.category,
      messages: row.prompt == nil ? options.prompt.messages(for: row.quiz) : [])
    item.location = row.location
    return item
  }

  private func requireIndex(_ index: Int, below count: Int?) throws(FulcrumError) {
    guard index >= 0, index < count ?? .max else {
      let bound = count.map { " and below \($0)" } ?? ""
      throw FulcrumError(.usage, "expected an index of at least 0\(bound), got \(index)")
    }
  }
}
