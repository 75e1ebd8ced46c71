import Foundation
import FulcrumKernel
import Testing

/// Tests/Fixtures/golden/advantages.json, whose README says how it was made.
struct GoldenFile: Decodable {
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

  static func read() throws -> GoldenFile {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appending(path: "Fixtures/golden/advantages.json")
    return try JSONDecoder().decode(GoldenFile.self, from: Data(contentsOf: file))
  }

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
  /// A parameter's value in JSON.
  private enum Setting: Decodable {
    case flag(Bool)
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    var value: ParameterValue {
      switch self {
      case .flag(let flag): .flag(flag)
      case .number(let number): .number(number)
      case .text(let text): .text(text)
      }
    }
  }

  init(from decoder: any Decoder) throws {
    var settings = try decoder.singleValueContainer().decode([String: Setting].self)
      .mapValues(\.value)
    guard case .text(let name)? = settings.removeValue(forKey: "use") else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a link without a name"))
    }
    self.init(name: name, parameters: settings)
  }
}
