import Foundation
import FulcrumKernel
import JSON

/// Names the keys of a line's fields; an empty name stands for a field that is not read.
struct JSONLKeys {
  let prompt: String
  let answer: String
  let category: String
  /// The mark in an answer's field that the answer stands behind; empty: the field is the answer.
  let answerMark: String
}

/// Holds a line of a file.
struct JSONLRow: Sendable {
  let prompt: String
  let answer: String
  let category: String
  /// The line's other fields, except those that can't be read.
  let fields: [String: FieldValue]
  /// The line's place for messages: `file:line`.
  let location: String

  /// - Throws: `.data` if the line is not a JSON object, or a key is missing or of another type.
  init(_ line: JSONLines.Line, of file: String, keys: JSONLKeys) throws(FulcrumError) {
    location = line.place(in: file)
    let reader = FieldReader(
      object: try line.object(in: file, options: .numerals), location: location)
    prompt = try reader.text(keys.prompt, parameter: "prompt-key")
    answer = try keys.answer.isEmpty ? "" : reader.answer(keys)
    category =
      try keys.category.isEmpty ? "all" : reader.scalar(keys.category, parameter: "category-key")
    let named = [keys.prompt, keys.answer, keys.category]
    fields = (reader.object.members ?? []).reduce(into: [:]) { fields, member in
      if !named.contains(member.key) { fields[member.key] = FieldValue(member.value) }
    }
    guard !prompt.isEmpty else {
      throw FulcrumError(
        .data, "expected '\(keys.prompt)' as a text, got an empty one", at: location)
    }
  }
}

/// Reads a line's fields.
private struct FieldReader {
  let object: JSONValue
  let location: String

  /// Returns the answer: the field, or what is behind the last mark in it.
  func answer(_ keys: JSONLKeys) throws(FulcrumError) -> String {
    let field = try scalar(keys.answer, parameter: "answer-key")
    guard !keys.answerMark.isEmpty else { return field }
    guard let mark = field.range(of: keys.answerMark, options: [.backwards, .literal]) else {
      throw FulcrumError(
        .data, "expected '\(keys.answerMark)' in '\(keys.answer)', got '\(field.prefix(60))'",
        at: location, hint: "'answer-after' names the mark that answers stand behind")
    }
    return field[mark.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
  }

  func text(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = object[key]?.text else {
      throw failure(key, "as a text", parameter: parameter)
    }
    return text
  }

  /// Returns a text, or a number as a decimal without exponent and trailing zeros: 1e2 is `100`.
  func scalar(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = object[key].map(AnswerText.init)?.text else {
      throw failure(key, "as a text or a number", parameter: parameter)
    }
    return text
  }

  private func failure(_ key: String, _ expected: String, parameter: String) -> FulcrumError {
    let got = object[key].map { AnswerText($0).phrase } ?? "no such key"
    let keys = (object.members ?? []).map(\.key).sorted().joined(separator: ", ")
    var hint = "'\(parameter)' names the key; the line has \(keys.isEmpty ? "none" : keys)"
    if object[key]?.elements?.first?["content"] != nil {
      hint =
        "chat messages are no prompt here: write them as one text, with the policy's chat markup"
    } else if object[key]?.double != nil {
      hint = "write the number as a text, in quotes"
    }
    return FulcrumError(
      .data, "expected '\(key)' \(expected), got \(got)", at: location, hint: hint)
  }
}
