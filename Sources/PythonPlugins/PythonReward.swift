import FulcrumKernel
import JSON
import Wire

/// A reward in Python, one call a batch of samples.
struct PythonReward: RewardFn, PythonComponent {
  private let instance: PythonInstance

  init(_ instance: PythonInstance) { self.instance = instance }

  func score(_ sample: RewardSample) throws(FulcrumError) -> RewardScore {
    try score([sample])[0]
  }

  func score(_ samples: [RewardSample]) throws(FulcrumError) -> [RewardScore] {
    guard !samples.isEmpty else { return [] }
    let text = JSONWriter.compact(.array(samples.map(\.json)))
    let frame = try instance.call("score", [], [("samples", WireArray(text: text))])
    let value = try instance.json(frame, "scores", of: "score")
    return try instance.read("score") { () throws(WireFault) in
      guard let elements = value.elements, elements.count == samples.count else {
        throw WireFault("expected \(samples.count) scores, got \(value.elements?.count ?? 0)")
      }
      var scores: [RewardScore] = []
      for element in elements { scores.append(try Self.score(element)) }
      return scores
    }
  }

  private static func score(_ value: JSONValue) throws(WireFault) -> RewardScore {
    guard let outcome = value["outcome"]?.text.map(RewardOutcome.init(rawValue:)) else {
      throw WireFault("expected a score with an outcome, got \(value.excerpt)")
    }
    guard let reward = value.present("reward") else {
      guard RewardOutcome.withoutScore.contains(outcome), let reason = value["reason"]?.text else {
        throw WireFault("expected a reward, or an outcome without one, got \(value.excerpt)")
      }
      return .missing(outcome, reason: reason)
    }
    guard let number = reward.double else {
      throw WireFault("expected a number as reward, got \(reward.excerpt)")
    }
    var parts: [(name: String, value: Double)] = []
    for part in value["parts"]?.elements ?? [] {
      guard let pair = part.elements, pair.count == 2, let name = pair[0].text,
        let number = pair[1].double
      else { throw WireFault("expected a part's name and value, got \(part.excerpt)") }
      parts.append((name, number))
    }
    return .scored(number, outcome, parts: parts)
  }
}

extension RewardSample {
  /// The sample as Python gets it.
  fileprivate var json: JSONValue {
    .object([
      JSONMember("id", .string(id)), JSONMember("prompt", .string(prompt)),
      JSONMember("completion", .string(completion)), JSONMember("answer", .string(answer)),
      JSONMember("finished", .bool(isFinished)),
      JSONMember("tokenCount", tokenCount.map { .integer($0) } ?? .null),
      JSONMember("tokenLimit", tokenLimit.map { .integer($0) } ?? .null),
      JSONMember("fields", FieldValue.object(fields).json),
      JSONMember("messages", .array(messages.map(\.json))),
    ])
  }
}

extension ChatMessage {
  fileprivate var json: JSONValue {
    .object([
      JSONMember("role", .string(role.rawValue)), JSONMember("content", .string(content)),
    ])
  }
}
