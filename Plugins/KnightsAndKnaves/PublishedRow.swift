import Foundation
import FulcrumKernel

/// A puzzle of the published data, or of a file in its format.
package struct PublishedRow: Sendable {
  /// The puzzle's text without the prompt around it.
  package let quiz: String
  /// One name for each person, in order.
  package let names: [String]
  /// The field `solution_text_format`, which the reward function reads.
  package let answer: String
  /// `prompt[0].content`, if the row has it: the whole text that the policy continues.
  package let prompt: String?
  /// The parsed field `statements`, if the row has it.
  package let statements: [Statement]?
  /// `file:line`, for messages.
  package let location: String

  /// - Parameters:
  ///   - line: a JSON object with `quiz`, `names` and `solution_text_format`, and perhaps `prompt`
  ///     and `statements`; other fields are left alone.
  ///   - location: `file:line`.
  /// - Throws: `.data` if a field is missing, of another type, or contradicts another.
  package init(line: Data, at location: String) throws(FulcrumError) {
    let fields = try Fields(line: line, at: location)
    quiz = try fields.text("quiz")
    names = try fields.texts("names")
    answer = try fields.text("solution_text_format")
    prompt = try fields.firstContent("prompt")
    statements = try fields.statements("statements", people: names.count)
    self.location = location

    let truth = RoleList(truth: answer)
    guard !names.isEmpty, Set(truth.names) == Set(names.map { PythonText($0).scalars }) else {
      let got = names.isEmpty ? "no names" : "'\(answer)'"
      throw FulcrumError(
        .data,
        "expected 'solution_text_format' to call each of 'names' a knight or a knave, got \(got)",
        at: location,
        hint: "a name must be one word of ASCII letters, else the reward can't find it")
    }
  }

  /// The category of its task item: `3 people`.
  package var category: String { "\(names.count) people" }
}

/// A row's fields as JSON gives them.
private struct Fields {
  private let fields: [String: Any]
  private let location: String

  init(line: Data, at location: String) throws(FulcrumError) {
    guard let value = try? JSONSerialization.jsonObject(with: line, options: .fragmentsAllowed)
    else {
      throw FulcrumError(.data, "expected a JSON object, got a line that isn't JSON", at: location)
    }
    guard let fields = value as? [String: Any] else {
      throw FulcrumError(.data, "expected a JSON object, got \(Self.kind(value))", at: location)
    }
    self.fields = fields
    self.location = location
  }

  func text(_ name: String) throws(FulcrumError) -> String {
    guard let text = fields[name] as? String else { throw failure("'\(name)' as a text", name) }
    return text
  }

  func texts(_ name: String) throws(FulcrumError) -> [String] {
    guard let texts = fields[name] as? [String] else {
      throw failure("'\(name)' as a list of texts", name)
    }
    return texts
  }

  /// `nil` if there is no such field.
  func firstContent(_ name: String) throws(FulcrumError) -> String? {
    guard fields[name] != nil else { return nil }
    guard let messages = fields[name] as? [[String: Any]], let first = messages.first,
      let content = first["content"] as? String
    else { throw failure("'\(name)' as a list of messages with a 'content' text", name) }
    return content
  }

  /// `nil` if there is no such field.
  func statements(_ name: String, people: Int) throws(FulcrumError) -> [Statement]? {
    guard fields[name] != nil else { return nil }
    let text = try text(name)
    let statements: [Statement]
    do {
      statements = try StatementsParser.parse(text)
    } catch {
      throw error.within(location)
    }
    guard statements.count == people else {
      throw FulcrumError(
        .data, "expected \(people) statements for \(people) names, got \(statements.count)",
        at: location)
    }
    return statements
  }

  private func failure(_ expected: String, _ name: String) -> FulcrumError {
    let got = fields[name].map(Self.kind) ?? "no such field"
    return FulcrumError(.data, "expected \(expected), got \(got)", at: location)
  }

  private static func kind(_ value: Any) -> String {
    switch value {
    case is String: "a text"
    case is [Any]: "a list"
    case is [String: Any]: "an object"
    case is NSNull: "null"
    default: "a number or a truth value"
    }
  }
}
