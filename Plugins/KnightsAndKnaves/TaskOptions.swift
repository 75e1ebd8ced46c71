import FulcrumKernel

/// Holds the task's parameters, checked.
package struct TaskOptions: Sendable {
  /// Numbers of people, each once, ascending.
  package let people: [Int]
  /// Paths of training rows; empty: training puzzles are generated.
  package let files: [String]
  /// Paths of held-out rows; empty: held-out puzzles are generated.
  package let heldOutFiles: [String]
  /// The text around a puzzle.
  package let prompt: PromptStyle
  /// The English of a generated puzzle.
  package let wording: Wording
  /// The number of names of `FirstNames.all` that occur.
  package let nameCount: Int
  /// The seed of generated held-out puzzles.
  package let heldOutSeed: UInt64
  /// The form of demonstrations.
  package let style: DemonstrationStyle

  /// The parameters as the task's manual lists them.
  package static let schema: [Parameter] = [
    .integers(
      "people", default: [2, 3, 4], in: 2...16,
      help: "how many people a generated puzzle has; drawn uniformly for each item"),
    Parameter(
      name: "files", kind: .texts, default: .texts([]),
      help: "JSON lines as published, to train on instead of generated puzzles",
      meaning: .dataFile),
    Parameter(
      name: "held-out-files", kind: .texts, default: .texts([]),
      help: "JSON lines as published, to evaluate on instead of generated puzzles",
      meaning: .dataFile),
    .choice(
      "prompt", default: PromptStyle.chat.rawValue, of: PromptStyle.allCases.map(\.rawValue),
      help: "the text around a puzzle; a row's own prompt goes before it"),
    .choice(
      "wording", default: Wording.plain.rawValue, of: Wording.allCases.map(\.rawValue),
      help: "the English of generated puzzles: plain or terse for small policies, island for large"),
    .integer(
      "names", default: 12, in: 2...FirstNames.all.count,
      help: "how many first names occur; at least as many as people"),
    .integer(
      "held-out-seed", default: 2505, in: 0...Int.max,
      help: "the seed of the generated held-out puzzles, which the run's seed doesn't change"),
    .number(
      "demonstration-errors", default: 0, in: 0...0.5,
      help: "the chance that a mark in a demonstration is wrong"),
    .choice(
      "trace", default: SearchTrace.named.rawValue, of: DemonstrationStyle.names,
      help: "how a demonstration writes its trials; wordy: any trial, in varied words"),
    .integer(
      "attempts", default: 3, in: 1...64,
      help: "the most trials of a wordy demonstration; the last isn't checked"),
    .number(
      "luck", default: 0.25, in: 0...1,
      help: "the chance that a wordy demonstration's trial is the solution, not drawn at random"),
    .number(
      "haste", default: 0.2, in: 0...1,
      help: "the chance that a wordy demonstration leaves out a check and those after it"),
    .number(
      "quit", default: 0, in: 0...1,
      help: "the chance that after a clash a wordy demonstration's next trial is its last"),
  ]

  /// - Throws: `.parameter` if `people` is empty or `names` are too few.
  package init(_ parameters: Parameters) throws(FulcrumError) {
    // A number that is given twice would be drawn twice as often, but is one category.
    people = try Set(parameters.integers("people")).sorted()
    files = try parameters.texts("files")
    heldOutFiles = try parameters.texts("held-out-files")
    prompt = try Self.choice("prompt", in: parameters)
    wording = try Self.choice("wording", in: parameters)
    nameCount = try parameters.integer("names")
    heldOutSeed = UInt64(try parameters.integer("held-out-seed"))
    style = try Self.style(in: parameters)

    guard let most = people.last else {
      throw parameters.refuse("people", "expected at least one number of people, got none")
    }
    guard nameCount >= most else {
      throw parameters.refuse(
        "names", "expected at least \(most) names for \(most) people, got \(nameCount)",
        hint: "raise 'names' or lower 'people'")
    }
  }

  private static func style(in parameters: Parameters) throws(FulcrumError) -> DemonstrationStyle {
    let errorRate = try parameters.number("demonstration-errors")
    guard try parameters.text("trace") == DemonstrationStyle.wordyName else {
      return .search(try choice("trace", in: parameters), errorRate: errorRate)
    }
    return .wordy(
      WordyTrace(
        attempts: try parameters.integer("attempts"), luck: try parameters.number("luck"),
        quit: try parameters.number("quit"), haste: try parameters.number("haste"),
        errorRate: errorRate))
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
