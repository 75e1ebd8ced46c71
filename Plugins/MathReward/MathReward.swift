import FulcrumKernel

/// Judges the last boxed answer of a completion by exact equality with the right one.
///
/// Only the text after the first `</think>` counts, if there is one. Numbers, roots and formulas are
/// compared exactly, lists and sets by their elements, all else as normalised LaTeX. Sums and
/// products of plain numbers are not computed, so `7 \cdot 8` is not 56.
///
/// - Source: the setting of arXiv 2505.12929 for mathematics; its code grades with a computer
///   algebra system besides.
/// - Complexity: O(n) in the completion.
package struct MathReward: RewardFn {
  package static let manual = ComponentManual(
    name: "math",
    summary: "1 if the last \\boxed{} holds the answer, else 0; numbers and formulas exactly",
    source: "the mathematics setting of arXiv 2505.12929, without computer algebra",
    parameters: [
      .number("correct", default: 1, in: -1000...1000, help: "reward of a right answer"),
      .number("wrong", default: 0, in: -1000...1000, help: "reward of another answer"),
      .number(
        "no-answer", default: 0, in: -1000...1000,
        help: "reward of a completion without a box, or with an empty one"),
    ])

  private let correct: Double
  private let wrong: Double
  private let noAnswer: Double

  /// - Throws: `.pluginFault` if the parameters were checked against another manual.
  package init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    correct = try parameters.number("correct")
    wrong = try parameters.number("wrong")
    noAnswer = try parameters.number("no-answer")
  }

  /// - Throws: `.data` if the right answer is empty or its box isn't closed: no completion would
  ///   match it, or any would.
  package func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    let truth = try Self.truth(of: sample)
    guard case .content(let box) = Box.last(in: Box.response(in: sample.completion)),
      let answer = MathAnswer(box)
    else { return score(noAnswer, .unparseable) }
    return answer.matches(truth) ? score(correct, .correct) : score(wrong, .wrong)
  }

  private func score(_ reward: Double, _ outcome: RewardOutcome) -> RewardScore {
    .scored(reward, outcome, parts: [("answer", reward)])
  }

  /// Returns the right answer: the content of its last box, or all of it.
  static func truth(of sample: RewardSample) throws(FulcrumError) -> MathAnswer {
    let text: String? =
      switch Box.last(in: Array(sample.answer.utf8)) {
      case .none: Box.marked(in: sample.answer) ?? sample.answer
      case .content(let box): box
      case .unclosed: nil
      }
    guard let text, let truth = MathAnswer(text) else {
      throw FulcrumError(
        .data, "expected an answer to grade by, got '\(sample.answer.prefix(60))'",
        hint: "correct or remove the item whose prompt begins '\(sample.prompt.prefix(60))'")
    }
    return truth
  }
}
