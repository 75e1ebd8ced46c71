import FulcrumKernel
import TestSupport
import Testing

/// Holds `advantages.json` of the golden files.
struct GoldenAdvantages: Decodable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let source: String
    let chain: [Link]
    let advantages: [Double]

    var testDescription: String {
      chain.map(\.testDescription).joined(separator: " | ") + ": " + source
    }
  }

  /// Of each group's completions.
  let lengths: [[Int]]
  let rewards: [Float]
  let old: [Float]
  let rollout: [Float]
  let reference: [Float]
  let entropies: [Float]
  let cases: [Case]

  enum CodingKeys: String, CodingKey {
    case lengths, rewards, entropies, cases
    case old = "old-log-probabilities"
    case rollout = "rollout-log-probabilities"
    case reference = "reference-log-probabilities"
  }

  static func read() throws -> GoldenAdvantages { try GoldenFile.read(Self.self, "advantages") }

  var batch: RolloutBatch {
    RolloutBatch(
      sequences: SequenceBatch(
        prompts: lengths.map { _ in [1] },
        completions: lengths.map { $0.map { Array(repeating: 7, count: $0) } }),
      rewards: rewards,
      columns: [
        .oldLogProbabilities: old, .rolloutLogProbabilities: rollout,
        .referenceLogProbabilities: reference, .entropies: entropies,
      ])
  }
}

extension Link: Decodable {
  init(from decoder: any Decoder) throws {
    var settings = try decoder.singleValueContainer().decode([String: GoldenFile.Setting].self)
      .mapValues(\.value)
    guard case .text(let name)? = settings.removeValue(forKey: "use") else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a link without a name"))
    }
    self.init(name: name, parameters: settings)
  }
}
