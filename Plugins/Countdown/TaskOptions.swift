import FulcrumKernel

/// Holds the task's parameters, checked.
package struct TaskOptions: Sendable {
  /// How many numbers a puzzle has: each count once, ascending.
  package let counts: [Int]
  /// What generated puzzles are like.
  package let rules: PuzzleRules
  /// Paths of training rows; empty: training puzzles are generated.
  package let files: [String]
  /// Paths of held-out rows; empty: held-out puzzles are generated.
  package let heldOutFiles: [String]
  /// The text around a puzzle.
  package let prompt: PromptStyle
  /// The seed of generated held-out puzzles.
  package let heldOutSeed: UInt64
  /// What demonstrations are like.
  package let style: DemonstrationStyle

  /// Keeps a product of two values within 64 bits.
  private static let bounds = -1_000_000_000...1_000_000_000

  /// The parameters as the task's manual lists them.
  package static let schema: [Parameter] = [
    .integers(
      "numbers", default: [3], in: 2...8,
      help: "how many numbers a generated puzzle has; drawn uniformly for each item"),
    .integers(
      "range", default: [1, 20], in: 0...1_000_000,
      help: "the least and the greatest number of a generated puzzle"),
    .texts(
      "operations", default: ["+", "-", "*"],
      help: "what generated puzzles are made with, of + - * /; a division must be exact"),
    .choice(
      "order", default: PuzzleRules.Order.leftToRight.rawValue,
      of: PuzzleRules.Order.allCases.map(\.rawValue),
      help: "left-to-right: each step goes on from the last result; tree: from any two values"),
    .integers(
      "results", default: [0, 99], in: bounds,
      help: "the least and the greatest result of a step of a generated puzzle"),
    .integers(
      "target", default: [10, 99], in: bounds,
      help: "the least and the greatest target of a generated puzzle"),
    Parameter(
      name: "files", kind: .texts, default: .texts([]),
      help: "JSON lines with TinyZero's fields, to train on instead of generated puzzles",
      meaning: .dataFile),
    Parameter(
      name: "held-out-files", kind: .texts, default: .texts([]),
      help: "JSON lines with TinyZero's fields, to evaluate on instead of generated puzzles",
      meaning: .dataFile),
    .choice(
      "prompt", default: PromptStyle.short.rawValue, of: PromptStyle.allCases.map(\.rawValue),
      help: "the text around a puzzle; a row's own prompt goes before it"),
    .integer(
      "held-out-seed", default: 2505, in: 0...Int.max,
      help: "the seed of the generated held-out puzzles, which the run's seed doesn't change"),
    .integer(
      "attempts", default: 4, in: 1...64,
      help: "the most attempts of a demonstration, which then stops"),
    .number(
      "luck", default: 0.25, in: 0...1,
      help: "the chance that a demonstration's attempt is a solution, not drawn at random"),
    .number(
      "quit", default: 0, in: 0...1,
      help: "the chance that a demonstration stops after an attempt that misses"),
  ]

  /// - Throws: `.parameter` for no count of numbers, bounds that aren't two or the wrong way round,
  ///   and an unknown operation or none.
  package init(_ parameters: Parameters) throws(FulcrumError) {
    // A count that is given twice would be drawn twice as often, but is one category.
    counts = try Set(parameters.integers("numbers")).sorted()
    guard !counts.isEmpty else {
      throw parameters.refuse("numbers", "expected at least one count of numbers, got none")
    }
    rules = PuzzleRules(
      range: try Self.range("range", in: parameters),
      operations: try Self.operations(in: parameters),
      order: try Self.choice("order", in: parameters),
      results: try Self.range("results", in: parameters),
      target: try Self.range("target", in: parameters))
    files = try parameters.texts("files")
    heldOutFiles = try parameters.texts("held-out-files")
    prompt = try Self.choice("prompt", in: parameters)
    heldOutSeed = UInt64(try parameters.integer("held-out-seed"))
    style = DemonstrationStyle(
      attempts: try parameters.integer("attempts"), luck: try parameters.number("luck"),
      quit: try parameters.number("quit"))
  }

  private static func range(_ name: String, in parameters: Parameters) throws(FulcrumError)
    -> ClosedRange<Int>
  {
    let bounds = try parameters.integers(name)
    guard bounds.count == 2, bounds[0] <= bounds[1] else {
      throw parameters.refuse(
        name, "expected two numbers, the least and the greatest, got \(bounds)",
        hint: "write \(name): [1, 20]")
    }
    return bounds[0]...bounds[1]
  }

  private static func operations(in parameters: Parameters) throws(FulcrumError) -> [Operation] {
    let texts = try parameters.texts("operations")
    let operations = Operation.allCases.filter { texts.contains($0.rawValue) }
    if let unknown = texts.first(where: { Operation(rawValue: $0) == nil }) {
      throw parameters.refuse("operations", "expected operations of + - * /, got '\(unknown)'")
    }
    guard !operations.isEmpty else {
      throw parameters.refuse("operations", "expected at least one of + - * /, got none")
    }
    return operations
  }

  private static func choice<Choice: RawRepresentable<String>>(
    _ name: String, in parameters: Parameters
  ) throws(FulcrumError) -> Choice {
    let text = try parameters.text(name)
    guard let choice = Choice(rawValue: text) else {
      throw parameters.refuse(name, "expected a known choice, got '\(text)'")
    }
    return choice
  }
}
