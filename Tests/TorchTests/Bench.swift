import Foundation
import FulcrumKernel
import TorchPlugin

/// The policy over the tests' engine (Tests/Fixtures/engine), and what that engine notes down.
final class Bench {
  /// Holds what the engine notes; removed with the value.
  let notes = NSTemporaryDirectory() + "torch-" + UUID().uuidString

  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  static let engine = repository + "/Tests/Fixtures/engine"

  init() throws {
    try FileManager.default.createDirectory(atPath: notes, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: notes) }

  /// - Parameters:
  ///   - lie: what the engine does wrong: see Tests/Fixtures/engine/fulcrum_engine/misbehaviour.py.
  ///   - notes: the folder for the engine's notes.
  static func parameters(
    lie: String = "{}", notes: String = "", _ given: [String: ParameterValue] = [:]
  ) -> [String: ParameterValue] {
    [
      "checkpoint": .text(engine),
      "launch": .texts([
        "env", "PYTHONPATH=\(engine):\(repository)/Python", "PYTHONDONTWRITEBYTECODE=1",
        "FAKE_ENGINE=\(lie)", "FAKE_ENGINE_NOTES=\(notes)",
      ]),
    ].merging(given) { $1 }
  }

  func policy(
    lie: String = "{}", _ given: [String: ParameterValue] = [:]
  ) throws(FulcrumError) -> TorchPolicy {
    try TorchPolicy(
      try Parameters(
        Self.parameters(lie: lie, notes: notes, given), for: TorchPolicy.manual.parameters,
        at: "policy"), context: ComponentContext(seed: 7, threads: 2))
  }

  func lines(_ name: String) -> [String] {
    let text = (try? String(contentsOfFile: notes + "/" + name, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// The engine's processes that are there.
  var living: [String] {
    lines("processes").filter { process in
      guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        let name = text.lastIndex(of: ")")
      else { return false }
      // One that has ended may wait for a parent to bury it.
      return !["Z", "X"].contains(text[text.index(after: name)...].split(separator: " ").first)
    }
  }
}

/// What the tests ask of a policy.
extension TorchPolicy {
  static let batch = SequenceBatch(
    prompts: [[65, 66], [67]], completions: [[[68, 69, 0], [70]], [[71, 72], [73, 74]]])

  /// The scores of `batch`.
  func logProbabilities(
    temperature: Float = 1, statistics: Set<TokenStatistic> = []
  ) throws(FulcrumError) -> [Float] {
    var logs: [Float] = []
    try score(
      Self.batch, sequences: 0..<Self.batch.sequenceCount,
      request: ScoreRequest(temperature: temperature, statistics: statistics)
    ) { (_, scores) throws(FulcrumError) in
      for place in scores.logProbabilities.indices { logs.append(scores.logProbabilities[place]) }
    }
    return logs
  }

  /// Weighs the tokens of `batch` by their places.
  func accumulate(
    _ participants: TokenMask = .all, weight: (Int) throws(FulcrumError) -> Float = { _ in 1 }
  ) throws(FulcrumError) {
    try accumulateGradient(
      of: Self.batch, sequences: 0..<Self.batch.sequenceCount,
      request: ScoreRequest(temperature: 1), participants: participants
    ) { (tokens, _, weights) throws(FulcrumError) in
      for place in tokens.indices { weights[place] = try weight(tokens[place]) }
    }
  }

  /// Greedy, so that the lengths are known: four tokens each.
  static var request: GenerationRequest {
    GenerationRequest(
      prompts: [.init(tokens: [66], id: 3), .init(tokens: [70, 87], id: 9)], samplesPerPrompt: 2,
      maximumTokens: 4, temperature: 0, seed: 5, step: 2)
  }
}
