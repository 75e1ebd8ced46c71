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
  /// `file:line`, for messages.
  let location: String

  /// - Throws: `.data` if the line is no JSON object, or a key is missing or of another type.
  init(_ line: [UInt8], keys: JSONLKeys, at location: String) throws(FulcrumError) {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)
    else {
      throw FulcrumError(.data, "expected a JSON object, got a line that isn't JSON", at: location)
    }
    guard let fields = object as? [String: Any] else {
      throw FulcrumError(
        .data, "expected a JSON object, got \(JSONKind(of: line).phrase)", at: location)
    }
    let reader = FieldReader(fields: fields, raw: JSONObject.members(of: line), location: location)
    prompt = try reader.text(keys.prompt, parameter: "prompt-key")
    answer = try keys.answer.isEmpty ? "" : reader.scalar(keys.answer, parameter: "answer-key")
    category =
      try keys.category.isEmpty ? "all" : reader.scalar(keys.category, parameter: "category-key")
    self.location = location
    guard !prompt.isEmpty else {
      throw FulcrumError(
        .data, "expected '\(keys.prompt)' as a text, got an empty one", at: location)
    }
  }
}

/// A line's fields, as values and as they are written.
private struct FieldReader {
  let fields: [String: Any]
  let raw: [String: ArraySlice<UInt8>]
  let location: String

  func text(_ key: String, parameter: String) throws(FulcrumError) -> String {
    guard let text = fields[key] as? String else {
      throw failure(key, "as a text", parameter: parameter)
    }
    return text
  }

  /// A text, or a number with the digits that it is written with.
  func scalar(_ key: String, parameter: String) throws(FulcrumError) -> String {
    if let text = fields[key] as? String { return text }
    guard let number = raw[key], JSONKind(of: number) == .number else {
      throw failure(key, "as a text or a number", parameter: parameter)
    }
    return String(decoding: number, as: UTF8.self)
  }

  private func failure(_ key: String, _ expected: String, parameter: String) -> FulcrumError {
    let got = raw[key].map { JSONKind(of: $0).phrase } ?? "no such key"
    let keys = raw.keys.sorted().joined(separator: ", ")
    return FulcrumError(
      .data, "expected '\(key)' \(expected), got \(got)", at: location,
      hint: "'\(parameter)' names the key; the line has \(keys.isEmpty ? "none" : keys)")
  }
}
