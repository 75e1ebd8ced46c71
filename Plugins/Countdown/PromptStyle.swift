import FulcrumKernel

/// Writes the text around a puzzle, and the completions worth imitating behind it.
package enum PromptStyle: String, CaseIterable, Sendable {
  /// A line without words to read, for small policies: `17 17 3 make 68:`.
  case short
  /// TinyZero's prompt for policies without a chat format, word for word.
  case tinyzero
  /// TinyZero's prompt in Qwen's chat markup, word for word.
  case tinyzeroInstruct = "tinyzero-instruct"

  /// TinyZero begins the answer with it; a completion goes on behind the tag.
  private static let opening = "Let me solve this step by step.\n<think>"

  /// Returns the prompt for a puzzle.
  ///
  /// - Source: TinyZero, `examples/data_preprocess/countdown.py`, templates `base` and
  ///   `qwen-instruct`. Odd spacing and grammar are theirs.
  package func prompt(for puzzle: Puzzle) -> String {
    switch self {
    case .short:
      puzzle.numbers.map(String.init).joined(separator: " ") + " make \(puzzle.target):"
    case .tinyzero:
      """
      A conversation between User and Assistant. The user asks a question, and the Assistant \
      solves it. The assistant first thinks about the reasoning process in the mind and then \
      provides the user with the answer.
      User: \(Self.question(puzzle))
      Assistant: \(Self.opening)
      """
    case .tinyzeroInstruct: ChatFormat.chatML.prompt(messages(for: puzzle)) + Self.opening
    }
  }

  /// Returns the conversation that the prompt writes; none but for `tinyzero-instruct`.
  func messages(for puzzle: Puzzle) -> [ChatMessage] {
    guard self == .tinyzeroInstruct else { return [] }
    return [
      ChatMessage(
        .system,
        """
        You are a helpful assistant. You first thinks about the reasoning process in the mind and \
        then provides the user with the answer.
        """),
      ChatMessage(.user, " " + Self.question(puzzle)),
    ]
  }

  /// Returns the completion with these attempts: as they are, or in TinyZero's tags. The answer has
  /// to stand on the last line; who gives up leaves it out.
  func completion(_ attempts: (text: String, end: Derivation?)) -> String {
    guard self != .short else { return attempts.text }
    let answer = attempts.end.map { "\n<answer> \($0.expression) </answer>" }
    return "\(attempts.text) </think>\(answer ?? "")"
  }

  private static func question(_ puzzle: Puzzle) -> String {
    let numbers = puzzle.numbers.map(String.init).joined(separator: ", ")
    return """
      Using the numbers [\(numbers)], create an equation that equals \(puzzle.target). You can use \
      basic arithmetic operations (+, -, *, /) and each number can only be used once. Show your \
      work in <think> </think> tags. And return the final answer in <answer> </answer> tags, for \
      example <answer> (1 + 2) / 3 </answer>.
      """
  }
}
