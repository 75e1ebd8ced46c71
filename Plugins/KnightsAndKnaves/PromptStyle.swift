import FulcrumKernel

/// Writes the text around a puzzle. It ends in the opening `<think>` tag, which a completion must
/// not repeat.
package enum PromptStyle: String, CaseIterable, Sendable {
  /// Chat markup without an instruction, for small policies.
  case chat
  /// The prompt of the published data, word for word.
  case instruct
  /// The published prompt's messages in Llama 3's markup.
  case llama3 = "llama-3"
  /// The published prompt for policies without a chat format, word for word.
  case base

  /// The system message of the published prompt, word for word.
  private static let instruction = """
    You are a helpful assistant. The assistant first thinks about the reasoning process in the \
    mind and then provides the user with the answer. The reasoning process and answer are \
    enclosed within <think> </think> and<answer> </answer> tags, respectively, i.e., <think> \
    reasoning process here </think><answer> answer here </answer>.  Now the user asks you to \
    solve a logical reasoning problem. After thinking, when you finally reach a conclusion, \
    clearly state the identity of each character within <answer> </answer> tags. i.e., <answer> \
    (1) Zoey is a knight
    (2) ... </answer>.
    """

  /// Returns the prompt for a puzzle's text.
  ///
  /// - Source: `instruct` and `base`: the preprocessing of Logic-RL (arXiv 2502.14768), which
  ///   arXiv 2505.12929 uses. Odd spacing is theirs.
  package func prompt(for quiz: String) -> String {
    switch self {
    case .chat, .instruct: ChatFormat.chatML.prompt(messages(for: quiz)) + "<think>"
    case .llama3: ChatFormat.llama3.prompt(messages(for: quiz)) + "<think>"
    case .base:
      """
      The user asks a question, and the Assistant solves it.The assistant first thinks about the \
      reasoning process in the mind and then provides the user with the final answer. The \
      reasoning process and answer are enclosed within <think> </think> and <answer> </answer> \
      tags, respectively, i.e., <think> reasoning process here </think><answer> answer here \
      </answer>. Now the user asks you to solve a logical reasoning problem. After thinking, when \
      you finally reach a conclusion, clearly state the identity of each character within \
      <answer> </answer> tags. List the identity of each person one by one, for example, <answer> \
      (1) Zoey is a knight
      (2) Oliver is a knight
      (3)... </answer>.

      User:\(quiz)
      Assistant: <think>
      """
    }
  }

  /// Returns the conversation that the prompt writes; none for `base`.
  func messages(for quiz: String) -> [ChatMessage] {
    switch self {
    case .chat: [ChatMessage(.user, quiz)]
    case .instruct:
      [ChatMessage(.system, Self.instruction + "\n"), ChatMessage(.user, quiz + "\n")]
    case .llama3: [ChatMessage(.system, Self.instruction), ChatMessage(.user, quiz)]
    case .base: []
    }
  }
}
