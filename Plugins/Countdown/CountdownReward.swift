import FulcrumKernel

/// Judges what was made of a puzzle's numbers.
///
/// | rule | right | wrong | no answer |
/// |---|---|---|---|
/// | `short` | 1 | 0 | 0 |
/// | `tinyzero` | 1 | 0.1 | 0 |
///
/// - Source: `tinyzero`: TinyZero's reward function, `verl/utils/reward_score/countdown.py`.
package struct CountdownReward: AnswerCheckingReward {
  /// Lists which text is judged, and how.
  private enum Rule: String, CaseIterable {
    /// `tinyzero` where the prompt has a header of its, else `short`.
    case auto
    case short
    case tinyzero
  }

  /// Lists the attempts that can be judged, of the short style's.
  private enum Judged: String, CaseIterable {
    case last
    case first
  }

  /// Name, source and parameters for the host.
  package static let manual = ComponentManual(
    name: "countdown",
    summary: "1: the numbers, each once, make the target; 0, or 0.1 for TinyZero's format: not",
    source: "TinyZero (github.com/Jiayi-Pan/TinyZero), compute_score; 'short' is our own",
    parameters: [
      .choice(
        "rule", default: Rule.auto.rawValue, of: Rule.allCases.map(\.rawValue),
        help: "what is judged; auto: tinyzero where the prompt has its header, else short"),
      .choice(
        "attempt", default: Judged.last.rawValue, of: Judged.allCases.map(\.rawValue),
        help: "which attempt counts, of the short style; first: as if there were no other"),
    ])

  private let rule: Rule
  private let judged: Judged

  /// - Throws: `.parameter` for the first attempt under TinyZero's rule, which knows none.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    rule = Rule(rawValue: try parameters.text("rule")) ?? .auto
    judged = Judged(rawValue: try parameters.text("attempt")) ?? .last
    guard rule != .tinyzero || judged == .last else {
      throw parameters.refuse(
        "attempt", "expected 'last' under the rule tinyzero, got 'first'",
        hint: "that rule reads one answer, and no attempts")
    }
  }

  /// - Throws: `.data` for an answer that is no puzzle, and for a prompt without TinyZero's header
  ///   under its rule.
  package func check(_ item: TaskItem) throws(FulcrumError) {
    _ = try Self.puzzle(of: item.answer)
    guard rule == .tinyzero, !item.prompt.isEmpty, !TinyZeroResponse.hasHeader(item.prompt) else {
      return
    }
    throw FulcrumError(
      .data,
      "expected 'Assistant:' or '<|im_start|>assistant' in the prompt, got"
        + " '\(item.prompt.suffix(60))'",
      hint: "TinyZero's rule reads what follows it; give the task 'prompt: tinyzero'")
  }

  /// - Throws: `.data` for an answer that is no puzzle.
  /// - Complexity: linear in the text.
  package func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    let puzzle = try Self.puzzle(of: sample.answer)
    return rule == .tinyzero || rule == .auto && TinyZeroResponse.hasHeader(sample.prompt)
      ? Self.tinyZeroScore(sample, puzzle) : shortScore(sample.completion, puzzle)
  }

  private static func puzzle(of answer: String) throws(FulcrumError) -> Puzzle {
    guard let puzzle = Puzzle(answer: answer) else {
      throw FulcrumError(
        .data,
        #"expected an answer like {"target":24,"numbers":[3,8,1]}, got '\#(answer.prefix(60))'"#,
        hint: "this reward judges Countdown puzzles; name another for another task")
    }
    return puzzle
  }

  private static func tinyZeroScore(_ sample: RewardSample, _ puzzle: Puzzle) -> RewardScore {
    let response = TinyZeroResponse(prompt: sample.prompt, completion: sample.completion)
    guard let equation = response.equation else {
      return .scored(0, .badFormat, parts: [("format", 0), ("answer", 0)])
    }
    let value = PythonEquation.value(of: equation)
    let isRight =
      PythonEquation.numbers(in: equation)?.sorted() == puzzle.numbers.sorted()
      && value?.isNear(puzzle.target) == true
    // The parts are the total's: 0.1 for the format is not on top of the 1.
    return isRight
      ? .scored(1, .correct, parts: [("format", 0.1), ("answer", 0.9)])
      : .scored(
        0.1, value == nil ? .unparseable : .wrong, parts: [("format", 0.1), ("answer", 0)])
  }

  private func shortScore(_ completion: String, _ puzzle: Puzzle) -> RewardScore {
    let attempts = ShortResponse(completion).attempts
    let first = attempts.first?.succeeds(at: puzzle) == true
    let outcome: RewardOutcome =
      switch judged {
      case .first: first ? .correct : Self.failure(of: attempts.first) ?? .wrong
      case .last: Self.outcome(of: attempts.last, puzzle)
      }
    return .scored(
      outcome == .correct ? 1 : 0, outcome,
      parts: [("first-attempt", first ? 1 : 0), ("attempts", Double(attempts.count))])
  }

  /// Judges a completion by its last attempt, behind which its last word must stand.
  private static func outcome(
    of last: ShortResponse.Attempt?, _ puzzle: Puzzle
  ) -> RewardOutcome {
    guard let last, let word = last.words.last else { return .badFormat }
    let isAlone = last.words.count == 1
    if let failure = failure(of: last) { return failure }
    if isAlone, Words.successes.contains(String(word)) {
      return last.succeeds(at: puzzle) ? .correct : .wrong
    }
    return word == Words.stop ? .wrong : .badFormat
  }

  /// Returns why an attempt can't be judged: no known word follows, or it is no derivation.
  private static func failure(of attempt: ShortResponse.Attempt?) -> RewardOutcome? {
    guard let attempt, let word = attempt.words.first.map(String.init),
      Words.successes.contains(word) || Words.failures.contains(word) || word == Words.stop
    else { return .badFormat }
    return attempt.derivation == nil ? .unparseable : nil
  }
}
