import FulcrumKernel

/// Conversations, from JSON and back.
extension ChatMessage {
  /// Reads a conversation as data sets have it: a list of messages with a role and a content.
  ///
  /// A content is a text, or a list of parts whose texts are joined. Other keys of a message say nothing
  /// that its text needs.
  ///
  /// - Returns: `nil` for what is none: another value, an empty list, a role other than system, user and
  ///   assistant, calls of tools.
  package static func conversation(_ value: JSONValue) -> [ChatMessage]? {
    guard let elements = value.elements, !elements.isEmpty else { return nil }
    let messages = elements.compactMap { element -> ChatMessage? in
      // A call of a tool is no text: without it the turn would be another.
      guard element.present("tool_calls") == nil,
        let role = element["role"]?.text.flatMap(Role.init(rawValue:)),
        let content = element["content"].flatMap(text)
      else { return nil }
      return ChatMessage(role, content)
    }
    return messages.count == elements.count ? messages : nil
  }

  /// The message in JSON.
  package var json: JSONValue {
    .object([
      JSONMember("role", .string(role.rawValue)), JSONMember("content", .string(content)),
    ])
  }

  private static func text(_ content: JSONValue) -> String? {
    if let text = content.text { return text }
    guard let parts = content.elements else { return nil }
    let texts = parts.compactMap { $0.text ?? $0["text"]?.text }
    return texts.count == parts.count ? texts.joined() : nil
  }
}
