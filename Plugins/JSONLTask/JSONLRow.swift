import Foundation
import FulcrumKernel
import JSON

/// Names the keys of a line's fields, into objects by dots: `extra_info.answer`. An empty name stands for a
/// field that is not read.
struct JSONLKeys {
  let prompt: String
  let answer: String
  let category: String
  let completion: String
  /// The mark in an answer's field that the answer stands behind; empty: the field is the answer.
  let answerMark: String
}

/// Holds a line of a file.
struct JSONLRow: Sendable {
  /// The prompt's text; empty: it is the conversation.
  let prompt: String
  let messages: [ChatMessage]
  let answer: String
  let category: String
  /// A completion worth imitating; `nil`: the line has none.
  let completion: String?
  /// The line's other fields, except those that can't be read.
  let fields: [String: FieldValue]
  /// The line's place for messages: `file:line`.
  let location: String

  /// The prompt, by which two lines ask the same.
  var question: String {
    prompt.isEmpty ? JSONWriter.compact(.array(messages.map(\.json))) : prompt
  }

  /// - Throws: `.data` if the line is not a JSON object, or a key is missing or of another type.
  init(_ line: JSONLines.Line, of file: String, keys: JSONLKeys) throws(FulcrumError) {
    location = line.place(in: file)
    let reader = FieldReader(
      object: try line.object(in: file, options: .numerals), location: location)
    let (prompt, turns) = try reader.prompt(keys.prompt)
    var messages = turns
    var completion = try reader.completion(keys.completion)
    // The assistant's last turn is to be imitated, and no prompt may give it away.
    if let last = messages.last, last.role == .assistant {
      messages.removeLast()
      completion = completion ?? last.content
      guard !messages.isEmpty else {
        throw FulcrumError(
          .data, "expected '\(keys.prompt)' with a turn before the assistant's, got none",
          at: location)
      }
    }
    (self.prompt, self.messages, self.completion) = (prompt, messages, completion)
    answer = try keys.answer.isEmpty ? "" : reader.answer(keys)
    category =
      try keys.category.isEmpty ? "all" : reader.scalar(keys.category, parameter: "category-key")
    let named = [keys.prompt, keys.answer, keys.category, keys.completion]
    fields = (reader.object.members ?? []).reduce(into: [:]) { fields, member in
      if !named.contains(member.key) { fields[member.key] = FieldValue(member.value) }
    }
    guard !prompt.isEmpty || !messages.isEmpty else {
      throw FulcrumError(
        .data, "expected '\(keys.prompt)' as a text, got an empty one", at: location)
    }
  }
}
