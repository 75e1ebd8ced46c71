import Foundation
import FulcrumKernel
import JSON

/// Writes a sample as a line for the program.
struct Request: Encodable {
  let id: Int
  let sample: RewardSample

  private enum CodingKeys: String, CodingKey {
    case id, prompt, completion, answer, finished, tokens, item, fields, messages
    case tokenLimit = "token_limit"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(sample.prompt, forKey: .prompt)
    try container.encode(sample.completion, forKey: .completion)
    try container.encode(sample.answer, forKey: .answer)
    try container.encode(sample.isFinished, forKey: .finished)
    try container.encodeIfPresent(sample.tokenCount, forKey: .tokens)
    try container.encodeIfPresent(sample.tokenLimit, forKey: .tokenLimit)
    // A task without fields and messages sends none of the three, for programs that know none of
    // them.
    if sample.fields.isEmpty, sample.messages.isEmpty { return }
    try container.encode(sample.id, forKey: .item)
    if !sample.fields.isEmpty {
      try container.encode(
        sample.fields.mapValues { EncodableField(value: $0) }, forKey: .fields)
    }
    if !sample.messages.isEmpty {
      try container.encode(sample.messages.map { EncodableMessage($0) }, forKey: .messages)
    }
  }

  /// Returns the line with its line break.
  func line() throws(FulcrumError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(self) + [UInt8(ascii: "\n")]
    } catch {
      throw FulcrumError(.data, "could not write the sample as JSON: \(error)")
    }
  }
}

/// Holds a line of the program that was understood.
struct Reply {
  let id: Int
  let score: RewardScore

  /// Lists every key that a line may hold: a misspelt one would be lost silently.
  private struct Form: Decodable {
    var id: Int?
    var reward: Reward?
    var outcome: String?
    var parts: [String: Double]?
    var error: String?
    var refused: String?
    var unknown: String?

    /// Reads `true` as 1 and `false` as 0, for many a program answers whether.
    struct Reward: Decodable {
      let value: Double

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
          value = flag ? 1 : 0
        } else {
          value = try container.decode(Double.self)
        }
      }
    }

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      func value<Value: Decodable>(_ name: String) throws -> Value? {
        try container.decodeIfPresent(Value.self, forKey: Key(stringValue: name))
      }
      id = try value("id")
      reward = try value("reward")
      outcome = try value("outcome")
      parts = try value("parts")
      error = try value("error")
      refused = try value("refused")
      let known = ["id", "reward", "outcome", "parts", "error", "refused"]
      unknown = container.allKeys.map(\.stringValue).sorted().first { !known.contains($0) }
    }
  }

  /// Says why a line doesn't follow the protocol.
  struct Fault: Error {
    let message: String
  }

  init(_ line: [UInt8]) throws(Fault) {
    let form = try Self.form(line)
    guard let id = form.id else { throw Self.fault("a reply with an \"id\"", line) }
    if let key = form.unknown {
      throw Self.fault("no key '\(key)' in a reply", line)
    }
    let given = [form.reward != nil, form.error != nil, form.refused != nil].count { $0 }
    guard given == 1 else {
      throw Self.fault("one of \"reward\", \"error\" and \"refused\" in a reply", line)
    }
    self.id = id
    if let reason = form.error {
      score = .missing(.error, reason: reason)
    } else if let reason = form.refused {
      score = .missing(.refused, reason: reason)
    } else {
      score = try Self.score(form, line)
    }
  }

  private static func score(_ form: Form, _ line: [UInt8]) throws(Fault) -> RewardScore {
    let reward = form.reward?.value ?? .nan
    let outcome = form.outcome.map(RewardOutcome.init) ?? .value
    guard !RewardOutcome.withoutScore.contains(outcome) else {
      throw fault("no \"reward\" beside the outcome '\(outcome.rawValue)'", line)
    }
    guard reward.isFinite else {
      return .missing(.error, reason: "the program's reward is \(reward)")
    }
    let parts = (form.parts ?? [:]).sorted { $0.key < $1.key }
    if let part = parts.first(where: { !$0.value.isFinite }) {
      return .missing(.error, reason: "the program's part '\(part.key)' is \(part.value)")
    }
    return .scored(reward, outcome, parts: parts.map { (name: $0.key, value: $0.value) })
  }

  /// Reads a line's form. JSON has no NaN, but Python writes it: that is one sample's fault, not
  /// the protocol's.
  private static func form(_ line: [UInt8]) throws(Fault) -> Form {
    do throws(JSONRecord.Fault) {
      return try JSONRecord.decode(Form.self, from: line, options: .nonFinite)
    } catch {
      throw fault("a JSON object such as {\"id\": 1, \"reward\": 0.5}", line)
    }
  }

  private static func fault(_ expected: String, _ line: [UInt8]) -> Fault {
    let text = String(decoding: line.prefix(120), as: UTF8.self)
    return Fault(message: "expected \(expected), got '\(text)\(line.count > 120 ? "…" : "")'")
  }
}
