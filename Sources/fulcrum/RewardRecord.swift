import Files
import Foundation
import FulcrumKernel
import JSON
import Training

/// A completion to be judged, out of a file.
struct RewardRecord {
  let id: JSONLine.Value
  let sample: RewardSample
  /// `file:line`.
  let place: String

  private static let form = #"each line holds {"id", "prompt", "completion", "answer"}"#

  /// - Throws: `.notFound` if there is no such file; `.data`, naming the line, for one that is no
  ///   record; `.data` if there are none.
  static func read(_ path: String) throws(FulcrumError) -> [RewardRecord] {
    let text = String(decoding: try FileManager.default.requiredContents(at: path), as: UTF8.self)
    var records: [RewardRecord] = []
    for (index, row) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !row.allSatisfy(\.isWhitespace) {
      let fields = try Fields(String(row), at: "\(path):\(index + 1)")
      // The head of a recorded rollout.
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
      ("id", id), ("reward", .number(score.reward)), ("outcome", .text(score.outcome.rawValue)),
      (
        "parts",
        .object(
          JSONLine(score.parts.filter { !$0.value.isNaN }.map { ($0.name, .number($0.value)) }))
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

  /// One line, as JSON.
  private struct Fields {
    let object: [String: Any]
    let place: String

    init(_ row: String, at place: String) throws(FulcrumError) {
      guard let object = try? JSONSerialization.jsonObject(with: Data(row.utf8)) as? [String: Any]
      else {
        throw FulcrumError(
          .data, "expected a JSON object, got '\(row.prefix(40))'", at: place, hint: form)
      }
      self.object = object
      self.place = place
    }

    func records() throws(FulcrumError) -> [RewardRecord] {
      let id: JSONLine.Value =
        if let number = object["id"] as? Double { .number(number) } else { .text(try text("id")) }
      let (prompt, answer) = (try text("prompt"), try text("answer"))
      guard let completions = object["completions"] as? [[String: Any]] else {
        return [record(id, prompt, try text("completion"), answer, object)]
      }
      // A group of a recorded rollout.
      var records: [RewardRecord] = []
      for (index, completion) in completions.enumerated() {
        let name: JSONLine.Value = .text("\(object["id"] ?? "")#\(index + 1)")
        let text = try Fields(completion, within: self).text("text")
        records.append(record(name, prompt, text, answer, completion))
      }
      return records
    }

    private init(_ object: [String: Any], within line: Fields) {
      self.object = object
      place = line.place
    }

    private func record(
      _ id: JSONLine.Value, _ prompt: String, _ completion: String, _ answer: String,
      _ facts: [String: Any]
    ) -> RewardRecord {
      RewardRecord(
        id: id,
        sample: RewardSample(
          prompt: prompt, completion: completion, answer: answer,
          isFinished: facts["finished"] as? Bool ?? true,
          tokenCount: facts["tokens"] as? Int ?? (facts["tokens"] as? [Any])?.count,
          tokenLimit: facts["token_limit"] as? Int), place: place)
    }

    private func text(_ key: String) throws(FulcrumError) -> String {
      guard let value = object[key] as? String else {
        throw FulcrumError(
          .data,
          "expected a text under \"\(key)\", got \(object[key].map { "\($0)" } ?? "nothing")",
          at: place, hint: form)
      }
      return value
    }
  }
}
