import FulcrumKernel

/// Scores format and answer by the rules of Logic-RL, which arXiv 2505.12929 uses. There are four
/// possible totals.
///
/// | case | format | answer | total |
/// |---|---|---|---|
/// | format right, all roles right | 1 | 2 | 3 |
/// | format right, some role wrong | 1 | -1.5 | -0.5 |
/// | format right, answer can't be read | 1 | -2 | -1 |
/// | format wrong | -1 | -2 | -3 |
///
/// - Source: Logic-RL (arXiv 2502.14768), its reward function, with Python's Unicode semantics.
package struct KnightsAndKnavesReward: AnswerCheckingReward {
  /// Lists what can be judged.
  private enum Judged: String, CaseIterable {
    case last
    case first
  }

  /// Name, source and parameters for the host.
  package static let manual = ComponentManual(
    name: "knights-and-knaves",
    summary: "3: all roles right; -0.5: some wrong; -1: answer unreadable; -3: bad format",
    source: "Logic-RL, arXiv 2502.14768, rule-based reward; used by arXiv 2505.12929",
    parameters: [
      .choice(
        "attempt", default: Judged.last.rawValue, of: Judged.allCases.map(\.rawValue),
        help: "what is judged: the answer, or the roles that a completion tries first")
    ])

  private let judged: Judged

  /// - Throws: nothing beyond what `Parameters` does.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    judged = Judged(rawValue: try parameters.text("attempt")) ?? .last
  }

  /// - Throws: `.data` for an answer that calls nobody a knight or a knave.
  package func check(_ item: TaskItem) throws(FulcrumError) {
    guard RoleList(truth: item.answer).names.isEmpty else { return }
    throw FulcrumError(
      .data,
      "expected an answer with lines like 'Ann is a knight', got '\(item.answer.prefix(60))'",
      hint: "this reward judges knights-and-knaves puzzles; name another for another task")
  }

  /// Judges `prompt + completion`, which must hold the header that the response follows; or the
  /// completion's first trial as if it were the answer, whatever its format.
  ///
  /// - Throws: nothing; an answer without roles can't be matched and gives -1 or -3.
  /// - Complexity: linear in the text for each person.
  package func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    let truth = RoleList(truth: sample.answer)
    if judged == .first { return Self.score(firstTrialOf: sample, truth) }
    let response = TaggedResponse(prompt: sample.prompt, completion: sample.completion)
    guard response.isWellFormed else { return Self.score(.badFormat, format: -1, answer: -2) }
    guard let answer = response.answer, let claimed = RoleList(answer: answer, about: truth) else {
      return Self.score(.unparseable, format: 1, answer: -2)
    }
    return claimed.roles == truth.roles
      ? Self.score(.correct, format: 1, answer: 2) : Self.score(.wrong, format: 1, answer: -1.5)
  }

  private static func score(firstTrialOf sample: RewardSample, _ truth: RoleList) -> RewardScore {
    guard !truth.names.isEmpty,
      let isKnight = FirstTrial(of: sample.completion, to: sample.prompt, about: truth).isKnight
    else { return score(.unparseable, format: 1, answer: -2) }
    return isKnight == truth.names.map(truth.isKnight)
      ? score(.correct, format: 1, answer: 2) : score(.wrong, format: 1, answer: -1.5)
  }

  private static func score(
    _ outcome: RewardOutcome, format: Double, answer: Double
  ) -> RewardScore {
    .scored(
      format + answer, outcome, parts: [("format", format), ("answer", answer)])
  }
}
