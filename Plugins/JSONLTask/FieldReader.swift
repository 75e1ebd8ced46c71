import Foundation
import FulcrumKernel
import JSON

/// Reads a line's fields.
struct FieldReader {
  let object: JSONValue
  let location: String

  /// Returns the prompt: a text, or the messages of a conversation.
  func prompt(_ key: String) throws(FulcrumError) -> (text: String, messages: [ChatMessage]) {
    let value = field(key)
    if let text = value?.text { return (text, []) }
    if let messages = value.flatMap(ChatMessage.conversation) { return ("", messages) }
    throw failure(key, "as a text or a list of messages", parameter: "prompt-key")
  }

  /// Returns the completion: a text, or a message of the assistant's; `nil`: there is none.
  func completion(_ key: String) throws(FulcrumError) -> String? {
    guard !key.isEmpty, let value = field(key), value != .null else { return nil }
    if let text = value.text { return text }
    let turns = value.elements == nil ? JSONValue.array([value]) : value
    if let messages = ChatMessage.conversation(turns), messages.count == 1,
      messages[0].role == .assistant
    {
      return messages[0].content
    }
    throw failure(key, "as a text or one message of the assistant", parameter: "completion-key")
  }

  /// Returns the answer: the field, or what is behind the last mark in it.
  func answer(_ keys: JSONLKeys) throws(FulcrumError) -> String {
    let field = try scalar(keys.answer, parameter: "answer-key")
    guard !keys.answerMark.isEmpty else { return field }
    guard self.field(keys.answer).map({ AnswerText($0).isStructure }) != true else {
      throw failure(
        keys.answer, "as a text with '\(keys.answerMark)' in it", parameter: "answer-key")
    }
    guard let mark = field.range(of: keys.answerMark, options: [.backwards, .literal]) else {
      throw FulcrumError(
        .data, "expected '\(keys.answerMark)' in '\(keys.answer)', got '\(field.prefix(60))'",
        at: location, hint: "'answer-after' names the mark that answers stand behind")
    }
    return field[mark.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Returns a text; a number as a decimal without exponent and trailing zeros: 1e2 is `100`; a list or an
  /// object as JSON.
  func scalar(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = field(key).map(AnswerText.init)?.text else {
      throw failure(key, "as a text or a number", parameter: parameter)
    }
    return text
  }

  /// Returns the value at a key that may lead into objects by dots. A key that has the dots itself comes
  /// first.
  private func field(_ key: String) -> JSONValue? { Self.value(at: key, in: object) }

  private static func value(at key: String, in object: JSONValue) -> JSONValue? {
    if let value = object[key] { return value }
    guard let dot = key.firstIndex(of: "."), let inner = object[String(key[..<dot])] else {
      return nil
    }
    return value(at: String(key[key.index(after: dot)...]), in: inner)
  }

  private func failure(_ key: String, _ expected: String, parameter: String) -> FulcrumError {
    let value = field(key)
    let got = value.map { AnswerText($0).phrase } ?? "no such key"
    let keys = Self.keys(of: object)
    var hint =
      "'\(parameter)' names the key; the line has \(keys.isEmpty ? "none" : keys.joined(separator: ", "))"
    if let message = value?.elements?.first(where: { ChatMessage.conversation(.array([$0])) == nil }
    ),
      message["content"] != nil || message["role"] != nil
    {
      let roles = ChatMessage.Role.allCases.map(\.rawValue).joined(separator: ", ")
      hint =
        "a message has a role (\(roles)) and a content, a text or parts of text; one is \(message.excerpt)"
    } else if value?.double != nil {
      hint = "write the number as a text, in quotes"
    }
    return FulcrumError(
      .data, "expected '\(key)' \(expected), got \(got)", at: location, hint: hint)
  }

  /// The keys of an object, those within objects by their paths.
  private static func keys(of object: JSONValue) -> [String] {
    (object.members ?? []).flatMap { member -> [String] in
      let inner = member.value.members?.prefix(20).map { "\(member.key).\($0.key)" } ?? []
      return inner.isEmpty ? [member.key] : inner
    }.sorted()
  }
}
