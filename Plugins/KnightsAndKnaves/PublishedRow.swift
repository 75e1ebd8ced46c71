import FulcrumKernel
import JSON

/// Holds a puzzle of the published data, or of a file in its format.
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
  /// The row's place for messages: `file:line`.
  package let location: String

  /// - Parameters:
  ///   - line: a JSON object with `quiz`, `names` and `solution_text_format`, and perhaps `prompt`
  ///     and `statements`; other fields are left alone.
  ///   - file: for messages.
  /// - Throws: `.data` if a field is missing, of another type, or contradicts another.
  package init(_ line: JSONLines.Line, of file: String) throws(FulcrumError) {
    let location = line.place(in: file)
    let fields = Fields(object: try line.object(in: file), location: location)
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

  /// The role that the row's own `statements` don't allow in its solution; `nil`: they allow all.
  package var contradiction: String? {
    guard let statements else { return nil }
    let truth = RoleList(truth: answer)
    let isKnight = names.map { truth.isKnight(PythonText($0).scalars) }
    // The first of 64 assignments is the row's own.
    let knights = isKnight.map { $0 ? UInt64(1) : 0 }
    for (person, statement) in statements.enumerated()
    where (statement.value(knights: knights) & 1 == 1) != isKnight[person] {
      let role =
        isKnight[person] ? "knight, whose statement is false" : "knave, whose statement is true"
      return "\(names[person]) as a \(role)"
    }
    return nil
  }

  /// The category of its task item: `3 people`.
  package var category: String { "\(names.count) people" }
}

/// Reads a row's fields as JSON gives them.
private struct Fields {
  let object: JSONValue
  let location: String

  func text(_ name: String) throws(FulcrumError) -> String {
    guard let text = object[name]?.text else { throw failure("'\(name)' as a text", name) }
    return text
  }

  func texts(_ name: String) throws(FulcrumError) -> [String] {
    let elements = object[name]?.elements
    let texts = elements?.compactMap(\.text)
    guard let texts, texts.count == elements?.count else {
      throw failure("'\(name)' as a list of texts", name)
    }
    return texts
  }

  /// Returns the first message's content; `nil` if there is no such field.
  func firstContent(_ name: String) throws(FulcrumError) -> String? {
    guard let value = object[name] else { return nil }
    guard let messages = value.elements, messages.allSatisfy({ $0.members != nil }),
      let content = messages.first?["content"]?.text
    else { throw failure("'\(name)' as a list of messages with a 'content' text", name) }
    return content
  }

  /// Returns the statements; `nil` if there is no such field.
  func statements(_ name: String, people: Int) throws(FulcrumError) -> [Statement]? {
    guard object[name] != nil else { return nil }
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
    let got = object[name].map(Self.kind) ?? "no such field"
    return FulcrumError(.data, "expected \(expected), got \(got)", at: location)
  }

  private static func kind(_ value: JSONValue) -> String {
    switch value {
    case .bool, .integer, .number, .numeral: "a number or a truth value"
    default: value.kind
    }
  }
}
