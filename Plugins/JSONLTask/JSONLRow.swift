import FulcrumKernel
import JSON

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
  /// `file:line`, for messages.
  let location: String

  /// - Throws: `.data` if the line is no JSON object, or a key is missing or of another type.
  init(_ line: JSONLines.Line, of file: String, keys: JSONLKeys) throws(FulcrumError) {
    location = line.place(in: file)
    let reader = FieldReader(
      object: try line.object(in: file, options: .numerals), location: location)
    prompt = try reader.text(keys.prompt, parameter: "prompt-key")
    answer = try keys.answer.isEmpty ? "" : reader.scalar(keys.answer, parameter: "answer-key")
    category =
      try keys.category.isEmpty ? "all" : reader.scalar(keys.category, parameter: "category-key")
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

  func text(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = object[key]?.text else {
      throw failure(key, "as a text", parameter: parameter)
    }
    return text
  }

  /// A text, or a number as a decimal without exponent and trailing zeros: 1e2 is `100`.
  func scalar(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = object[key].map(AnswerText.init)?.text else {
      throw failure(key, "as a text or a number", parameter: parameter)
    }
    return text
  }

  private func failure(_ key: String, _ expected: String, parameter: String) -> FulcrumError {
    let got = object[key].map { AnswerText($0).phrase } ?? "no such key"
    let keys = (object.members ?? []).map(\.key).sorted().joined(separator: ", ")
    return FulcrumError(
      .data, "expected '\(key)' \(expected), got \(got)", at: location,
      hint: "'\(parameter)' names the key; the line has \(keys.isEmpty ? "none" : keys)")
  }
}
