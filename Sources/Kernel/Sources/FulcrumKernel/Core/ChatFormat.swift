/// One turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
  public enum Role: String, Sendable, CaseIterable {
    case system
    case user
    case assistant
  }

  public let role: Role
  public let content: String

  public init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
}

/// The markup around the turns of a conversation.
///
/// Contents stand in it to the letter: no white space is trimmed, no default system message is
/// added, and a special token that is written in a content becomes that token.
public enum ChatFormat: String, Sendable, CaseIterable {
  /// ChatML: `<|im_start|>user\nHello<|im_end|>\n`. SmolLM2 and Qwen2.5 use it.
  case chatML = "chatml"
  /// Llama 3's, its begin of text included:
  /// `<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>`.
  case llama3 = "llama-3"

  /// The conversation's text, ending with the header of the assistant's next turn.
  public func prompt(_ messages: [ChatMessage]) -> String {
    let turns = messages.map { header($0.role) + $0.content + ending }
    return opening + turns.joined() + header(.assistant)
  }

  private func header(_ role: ChatMessage.Role) -> String {
    switch self {
    case .chatML: "<|im_start|>\(role.rawValue)\n"
    case .llama3: "<|start_header_id|>\(role.rawValue)<|end_header_id|>\n\n"
    }
  }

  private var opening: String { self == .llama3 ? "<|begin_of_text|>" : "" }

  private var ending: String {
    switch self {
    case .chatML: "<|im_end|>\n"
    case .llama3: "<|eot_id|>"
    }
  }
}
