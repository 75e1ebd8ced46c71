import Files
import Foundation
import FulcrumKernel
import JSON
import Training

/// Holds a completion to be judged, read from a file.
struct RewardRecord {
  let id: JSONLine.Value
  let sample: RewardSample
  /// The completion's place in the file: `file:line`.
  let place: String
  /// The score that the line expects; `nil`: it says nothing of it.
  let expectation: RewardExpectation?

  private static let form = #"each line holds {"id", "prompt", "completion", "answer"}"#

  /// - Throws: `.notFound` if there is no such file; `.data`, naming the line, for a line that is
  ///   not a record; `.data` if there are no records.
  static func read(_ path: String) throws(FulcrumError) -> [RewardRecord] {
    let bytes = [UInt8](try FileManager.default.requiredContents(at: path))
    var records: [RewardRecord] = []
    for line in JSONLines(bytes) {
      let fields = try Fields(line, of: path)
      // Skips the header of a recorded rollout.
      if records.isEmpty, fields.object["format"] != nil, fields.object["prompt"] == nil {
        continue
      }
      records += try fields.records()
    }
    guard !records.isEmpty else {
      throw FulcrumError(.data, "expected completions to score, found none", at: path, hint: form)
    }
    return records
  }

  func line(_ score: RewardScore) -> JSONLine {
    var line = JSONLine([
      ("id", id), ("reward", .number(score.value ?? .nan)),
      ("outcome", .text(score.outcome.rawValue)),
      (
        "parts",
        .object(
          JSONLine(score.parts.map { ($0.name, .number($0.value)) }))
      ),
    ])
    if let reason = score.reason { line.add("reason", .text(reason)) }
    return line
  }

  var name: String {
    switch id {
    case .number(let number):
      number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    case .text(let text): text
    default: ""
    }
  }

  /// Holds the fields of one line of JSON.
  private struct Fields {
    let object: JSONValue
    let place: String

    init(_ line: JSONLines.Line, of file: String) throws(FulcrumError) {
      place = line.place(in: file)
      let text = String(decoding: line.bytes, as: UTF8.self).prefix(40)
      do throws(JSONFault) {
        object = try JSONReader.parse(line.bytes)
      } catch {
        throw FulcrumError(
          .data, "expected a JSON object, got '\(text)'", at: place,
          hint: "column \(error.column): \(error.reason); \(form)")
      }
      guard object.members != nil else {
        throw FulcrumError(.data, "expected a JSON object, got '\(text)'", at: place, hint: form)
      }
    }

    func records() throws(FulcrumError) -> [RewardRecord] {
      let id: JSONLine.Value =
        if let number = object["id"]?.double { .number(number) } else { .text(try text("id")) }
      let (prompt, answer) = (try text("prompt"), try text("answer"))
      guard let completions = object["completions"]?.elements else {
        return [try record(id, prompt, try text("completion"), answer, object)]
      }
      // Reads a group of a recorded rollout.
      var records: [RewardRecord] = []
      for (index, completion) in completions.enumerated() {
        let group = object["id"].map { $0.text ?? $0.excerpt } ?? ""
        let name: JSONLine.Value = .text("\(group)#\(index + 1)")
        let text = try Fields(completion, within: self).text("text")
        records.append(try record(name, prompt, text, answer, completion))
      }
      return records
    }

    private init(_ object: JSONValue, within line: Fields) {
      self.object = object
      place = line.place
    }

    private func record(
      _ id: JSONLine.Value, _ prompt: String, _ completion: String, _ answer: String,
      _ facts: JSONValue
    ) throws(FulcrumError) -> RewardRecord {
      RewardRecord(
        id: id,
        sample: RewardSample(
          prompt: prompt, completion: completion, answer: answer,
          isFinished: facts["finished"]?.bool ?? true,
          tokenCount: facts["tokens"].flatMap { $0.integer ?? $0.elements?.count },
          tokenLimit: facts["token_limit"]?.integer, fields: try fields()), place: place,
        expectation: try RewardExpectation(facts, at: place))
    }

    /// The other fields of the item's row, which stand under `fields`.
    private func fields() throws(FulcrumError) -> [String: FieldValue] {
      guard let value = object.present("fields") else { return [:] }
      guard case .object(let fields)? = FieldValue(value) else {
        throw FulcrumError(
          .data, "expected an object under \"fields\", got \(value.excerpt)", at: place)
      }
      return fields
    }

    private func text(_ key: String) throws(FulcrumError) -> String {
      guard let value = object[key]?.text else {
        throw FulcrumError(
          .data, "expected a text under \"\(key)\", got \(object[key]?.excerpt ?? "nothing")",
          at: place, hint: form)
      }
      return value
    }
  }
}
