import Foundation
import FulcrumKernel

/// Under which keys a line has what; empty: nowhere.
struct JSONLKeys {
  let prompt: String
  let answer: String
  let category: String
}

/// A line of a file.
struct JSONLRow: Sendable {
  let prompt: String
  let answer: String
  let category: String
  /// What else the line has; without what can't be read.
  let fields: [String: FieldValue]
  /// `file:line`, for messages.
  let location: String

  /// - Throws: `.data` if the line is no JSON object, or a key is missing or of another type.
  init(_ line: Data, keys: JSONLKeys, at location: String) throws(FulcrumError) {
    let decoder = JSONDecoder()
    guard let fields = try? decoder.decode([String: JSONField].self, from: line) else {
      let value = try? decoder.decode(JSONField.self, from: line)
      throw FulcrumError(
        .data, "expected a JSON object, got \(value?.phrase ?? "a line that isn't JSON")",
        at: location)
    }
    let reader = FieldReader(fields: fields, location: location)
    prompt = try reader.text(keys.prompt, parameter: "prompt-key")
    answer = try keys.answer.isEmpty ? "" : reader.scalar(keys.answer, parameter: "answer-key")
    category =
      try keys.category.isEmpty ? "all" : reader.scalar(keys.category, parameter: "category-key")
    self.fields = fields.filter { ![keys.prompt, keys.answer, keys.category].contains($0.key) }
      .compactMapValues(\.value)
    self.location = location
    guard !prompt.isEmpty else {
      throw FulcrumError(
        .data, "expected '\(keys.prompt)' as a text, got an empty one", at: location)
    }
  }
}

/// A line's fields.
private struct FieldReader {
  let fields: [String: JSONField]
  let location: String

  func text(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard case .text(let text)? = fields[key] else {
      throw failure(key, "as a text", parameter: parameter)
    }
    return text
  }

  /// A text, or a number as a decimal without exponent and trailing zeros: 1e2 is `100`.
  func scalar(_ key: String, parameter: String) throws(FulcrumError) -> String {
    switch fields[key] {
    case .text(let text)?: return text
    case .number(let number)? where number.isExact: return number.description
    default: throw failure(key, "as a text or a number", parameter: parameter)
    }
  }

  private func failure(_ key: String, _ expected: String, parameter: String) -> FulcrumError {
    let got = fields[key]?.phrase ?? "no such key"
    let keys = fields.keys.sorted().joined(separator: ", ")
    return FulcrumError(
      .data, "expected '\(key)' \(expected), got \(got)", at: location,
      hint: "'\(parameter)' names the key; the line has \(keys.isEmpty ? "none" : keys)")
  }
}
