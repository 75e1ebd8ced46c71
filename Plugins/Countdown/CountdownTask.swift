import FulcrumKernel

/// Serves Countdown puzzles, generated without end or read from TinyZero's rows.
///
/// Generated puzzles are split by their form, the sorted numbers and the target: one form in eight
/// is held out. Item i is a function of the seed and of i.
package struct CountdownTask: DemonstrationSource {
  /// Name, source and parameters for the host.
  package static let manual = ComponentManual(
    name: "countdown",
    summary: "some numbers and a target to be made of them, generated or from files",
    source: "the task of TinyZero (github.com/Jiayi-Pan/TinyZero) and its prompts",
    parameters: TaskOptions.schema)

  private let options: TaskOptions
  private let location: String
  private let trainingRows: [PublishedRow]
  private let heldOutRows: [PublishedRow]
  /// The forms of held-out rows, which generated training puzzles avoid.
  private let heldOutForms: Set<String>
  private let trainingRandom: CounterRandom
  private let demonstrationRandom: CounterRandom

  /// The draws after which settings are taken to have no puzzle.
  private static let patience = 100_000

  /// Reads the files, if there are any, and otherwise tries whether there are puzzles.
  ///
  /// - Throws: `.parameter` as `TaskOptions`, and for settings without puzzles; what `PublishedFile`
  ///   throws.
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
    heldOutForms = Set(heldOutRows.map(\.puzzle.form))
    trainingRandom = CounterRandom(seed: context.seed, purpose: "countdown/train")
    demonstrationRandom = CounterRandom(seed: context.seed, purpose: "countdown/demonstration")
    if options.files.isEmpty { try requirePuzzles(parameters) }
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
    return item(trainingPuzzle(using: &random).0, split: "train", index)
  }

  /// Returns at most `count` items for each count of numbers, in the order of these counts.
  ///
  /// Generated items are draws like those of training items, each puzzle once. Forms may come again
  /// with their numbers in another order: to take each form once would leave the likely ones, which
  /// have the most solutions, too rare. Items say their form, so that intervals don't take such ones
  /// for independent.
  ///
  /// - Throws: `.unsupported` if training items come from files and held-out ones don't.
  package func heldOutItems(perCategory count: Int) throws(FulcrumError) -> [TaskItem] {
    guard count > 0 else { return [] }
    if !options.heldOutFiles.isEmpty {
      return Dictionary(grouping: heldOutRows, by: \.puzzle.numbers.count)
        .sorted { $0.key < $1.key }
        .flatMap { _, rows in
          rows.prefix(count).enumerated().map { item($1, split: "held-out", $0) }
        }
    }
    guard options.files.isEmpty else {
      throw FulcrumError(
        .unsupported, "expected held-out files beside training files, got none",
        at: "\(location).held-out-files",
        hint: "name the files to evaluate on in 'held-out-files'")
    }
    return options.counts.flatMap { heldOutPuzzles(numbers: $0, count: count) }
  }

  /// Unknown: they are made on demand without end.
  package var demonstrationCount: Int? { nil }

  /// Returns a training puzzle other than those of `trainingItem`, with attempts at it.
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
    let (puzzle, solution) = trainingPuzzle(using: &random)
    return demonstration(at: puzzle, knowing: solution, using: &random)
  }

  /// Returns attempts at generated held-out puzzles, the same for every seed; none where rows are
  /// held out, for whose puzzles no solution is known.
  package func heldOutDemonstrations(atMost count: Int) throws(FulcrumError) -> [Demonstration] {
    guard options.files.isEmpty, options.heldOutFiles.isEmpty else { return [] }
    let source = CounterRandom(
      seed: options.heldOutSeed, purpose: "countdown/held-out-demonstration")
    return (0..<max(0, count)).map { index in
      var random = source.stream(UInt64(index))
      let (puzzle, solution) = puzzle(using: &random) { $0.isHeldOut }
      return demonstration(at: puzzle, knowing: solution, using: &random)
    }
  }

  private func demonstration(
    at puzzle: Puzzle, knowing solution: Derivation, using random: inout RandomStream
  ) -> Demonstration {
    let attempts = options.style.attempts(
      at: puzzle, knowing: solution, by: options.rules, using: &random)
    return Demonstration(
      prompt: options.prompt.prompt(for: puzzle), completion: options.prompt.completion(attempts))
  }

  private func trainingPuzzle(using random: inout RandomStream) -> (Puzzle, Derivation) {
    puzzle(using: &random, where: isForTraining)
  }

  private func isForTraining(_ puzzle: Puzzle) -> Bool {
    !puzzle.isHeldOut && !heldOutForms.contains(puzzle.form)
  }

  /// Draws a count of numbers, and then until a puzzle fits.
  private func puzzle(
    using random: inout RandomStream, where isWanted: (Puzzle) -> Bool
  ) -> (Puzzle, Derivation) {
    let count = options.counts[Int.random(in: options.counts.indices, using: &random)]
    while true {
      if let draw = options.rules.draw(numbers: count, using: &random), isWanted(draw.puzzle) {
        return draw
      }
    }
  }

  private func heldOutPuzzles(numbers: Int, count: Int) -> [TaskItem] {
    let source = CounterRandom(
      seed: options.heldOutSeed, purpose: "countdown/held-out/\(numbers)")
    var seen: Set<Puzzle> = []
    var puzzles: [Puzzle] = []
    // The clamp keeps a count that stands for "all" from overflowing.
    let draws = Self.patience + 256 * min(count, 1 << 20)
    var random = source.stream(0)
    for _ in 0..<draws where puzzles.count < count {
      guard let puzzle = options.rules.draw(numbers: numbers, using: &random)?.puzzle,
        puzzle.isHeldOut, seen.insert(puzzle).inserted
      else { continue }
      puzzles.append(puzzle)
    }
    return puzzles.enumerated().map { item($1, split: "held-out", $0) }
  }

  private func item(_ puzzle: Puzzle, split: String, _ index: Int) -> TaskItem {
    var item = TaskItem(
      id: "\(puzzle.numbers.count)-numbers/\(split)/\(index)",
      prompt: options.prompt.prompt(for: puzzle), answer: puzzle.answer,
      category: puzzle.category, messages: options.prompt.messages(for: puzzle))
    item.form = puzzle.form
    return item
  }

  private func item(_ row: PublishedRow, split: String, _ index: Int) -> TaskItem {
    var item = TaskItem(
      id: "\(row.puzzle.numbers.count)-numbers/\(split)/\(index)",
      prompt: row.prompt ?? options.prompt.prompt(for: row.puzzle), answer: row.puzzle.answer,
      category: row.puzzle.category,
      messages: row.prompt == nil ? options.prompt.messages(for: row.puzzle) : [])
    item.form = row.puzzle.form
    item.location = row.location
    return item
  }

  /// Tries whether there are training puzzles and, unless they are read, held-out ones.
  private func requirePuzzles(_ parameters: Parameters) throws(FulcrumError) {
    for count in options.counts {
      var random = CounterRandom(seed: 0, purpose: "countdown/trial").stream(UInt64(count))
      var hasTraining = false
      var hasHeldOut = !options.heldOutFiles.isEmpty
      for _ in 0..<Self.patience where !hasTraining || !hasHeldOut {
        guard let puzzle = options.rules.draw(numbers: count, using: &random)?.puzzle else {
          continue
        }
        if isForTraining(puzzle) { hasTraining = true }
        if puzzle.isHeldOut { hasHeldOut = true }
      }
      guard hasTraining, hasHeldOut else {
        throw parameters.refuse(
          "target",
          "expected puzzles of \(count) numbers to train and to evaluate on, got none in"
            + " \(Self.patience) draws",
          hint: "widen 'target', 'results' or 'range'")
      }
    }
  }

  private func requireIndex(_ index: Int, below count: Int?) throws(FulcrumError) {
    guard index >= 0, index < count ?? .max else {
      let bound = count.map { " and below \($0)" } ?? ""
      throw FulcrumError(.usage, "expected an index of at least 0\(bound), got \(index)")
    }
  }
}
