import FulcrumKernel

extension MathReward: AnswerCheckingReward {
  /// - Throws: `.data` for what `score` refuses, and for a worked solution where a final answer should
  ///   be: no completion would have it in its box.
  package func check(_ item: TaskItem) throws(FulcrumError) {
    _ = try Self.truth(
      of: RewardSample(prompt: item.prompt, completion: "", answer: item.answer))
    guard Box.last(in: Array(item.answer.utf8)) == .none, Self.isWorked(item.answer) else { return }
    let lines = item.answer.split(whereSeparator: \.isNewline)
    throw FulcrumError(
      .data,
      "expected a final answer to compare boxes with, got a worked solution that ends in"
        + " '\(lines.last?.suffix(60) ?? "")'",
      hint: item.answer.contains(Self.answerMark)
        ? "give what follows the last '\(Self.answerMark)' alone: a task of JSON lines does so with"
          + " answer-after: \"\(Self.answerMark)\""
        : "give the final answer alone, or in a \\boxed{}")
  }

  /// The mark before the final answers of GSM8K.
  private static let answerMark = "####"

  /// Tells whether a text is a solution step by step: it has GSM8K's mark, or lines that are no
  /// matrix's or other environment's.
  private static func isWorked(_ answer: String) -> Bool {
    answer.contains(answerMark)
      || (answer.split(whereSeparator: \.isNewline).count { !$0.allSatisfy(\.isWhitespace) } > 1
        && !answer.contains("\\begin"))
  }
}
