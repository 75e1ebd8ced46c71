import FulcrumKernel

extension MathReward: AnswerCheckingReward {
  /// - Throws: `.data` for what `score` refuses, and for a worked solution where a final answer should
  ///   be: no completion would have it in its box.
  package func check(_ item: TaskItem) throws(FulcrumError) {
    _ = try Self.truth(
      of: RewardSample(prompt: item.prompt, completion: "", answer: item.answer))
    guard Box.last(in: Array(item.answer.utf8)) == .none, Box.marked(in: item.answer) == nil,
      Self.isWorked(item.answer)
    else { return }
    let lines = item.answer.split(whereSeparator: \.isNewline)
    throw FulcrumError(
      .data,
      "expected a final answer to compare boxes with, got a worked solution that ends in"
        + " '\(lines.last?.suffix(60) ?? "")'",
      hint:
        "give the final answer alone, in a \\boxed{}, or behind a mark: a task of JSON lines reads"
        + " what follows one with answer-after: \"MARK\"")
  }

  /// Tells whether a text is a solution step by step: it has several lines, and they are no matrix's or
  /// other environment's.
  private static func isWorked(_ answer: String) -> Bool {
    answer.split(whereSeparator: \.isNewline).count { !$0.allSatisfy(\.isWhitespace) } > 1
      && !answer.contains("\\begin")
  }
}
