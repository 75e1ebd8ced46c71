import FulcrumKernel
import JSON

/// Holds a puzzle of TinyZero's data, or of a file in its format.
package struct PublishedRow: Sendable {
  /// The fields `nums` and `target`.
  package let puzzle: Puzzle
  /// `prompt[0].content`, if the row has it: the whole text that the policy continues.
  package let prompt: String?
  /// The row's place for messages: `file:line`.
  package let location: String

  /// - Parameters:
  ///   - line: a JSON object with `nums` and `target`, and perhaps `prompt`; other fields are left
  ///     alone.
  ///   - file: for messages.
  /// - Throws: `.data` if a field is missing or of another type.
  package init(_ line: JSONLines.Line, of file: String) throws(FulcrumError) {
    location = line.place(in: file)
    let row = try line.object(in: file)
    guard let target = row["target"]?.integer else {
      throw Self.failure("'target' as a whole number", row["target"], at: location)
    }
    let numbers = row["nums"]?.elements?.map(\.integer)
    guard let numbers, !numbers.isEmpty, !numbers.contains(nil) else {
      throw Self.failure("'nums' as a list of whole numbers", row["nums"], at: location)
    }
    puzzle = Puzzle(numbers: numbers.compactMap(\.self), target: target)
    guard let value = row.present("prompt") else {
      prompt = nil
      return
    }
    guard let content = value.elements?.first?["content"]?.text else {
      throw Self.failure(
        "'prompt' as a list of messages with a 'content' text", value, at: location)
    }
    prompt = content
  }

  private static func failure(
    _ expected: String, _ value: JSONValue?, at location: String
  ) -> FulcrumError {
    FulcrumError(
      .data, "expected \(expected), got \(value?.excerpt ?? "no such field")", at: location)
  }
}
