import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

/// Tests/Fixtures/golden/objectives.json, whose README says how it was made.
struct GoldenFile: Decodable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let source: String
    /// Which of the file's advantages.
    let advantages: String
    let aggregation: String
    /// What a configuration would list.
    let objectives: [[String: Setting]]
    let loss: Double
    /// −∂loss/∂x of each token, with x its log-probability or its entropy.
    let slopes: [Double]
    let slopesOf: String

    var testDescription: String { name + ": " + source }

    enum CodingKeys: String, CodingKey {
      case name, source, advantages, aggregation, objectives, loss, slopes
      case slopesOf = "slopes-of"
    }
  }

  /// A parameter's value.
  enum Setting: Decodable, Sendable {
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

  let lengths: [Int]
  let horizon: Int
  let current: [Float]
  let old: [Float]
  let reference: [Float]
  let entropies: [Float]
  let advantages: [String: [Float]]
  let cases: [Case]

  enum CodingKeys: String, CodingKey {
    case lengths, horizon, entropies, advantages, cases
    case current = "log-probabilities"
    case old = "old-log-probabilities"
    case reference = "reference-log-probabilities"
  }

  /// The file, or what is wrong with it.
  static let shared = Result {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(
      contentsOf: tests.appendingPathComponent("Fixtures/golden/objectives.json"))
    return try JSONDecoder().decode(GoldenFile.self, from: data)
  }

  /// The mini-batch of a case.
  func batch(advantages name: String, aggregation: String) throws -> MiniBatch {
    guard let values = advantages[name], let aggregation = Aggregation(rawValue: aggregation)
    else { throw FulcrumError(.data, "no advantages '\(name)' or no such aggregation") }
    var batch = MiniBatch(
      current: current, old: old, reference: reference, advantages: values, lengths: lengths)
    batch.entropies = entropies
    batch.shares = aggregation.shares(lengths: lengths, horizon: horizon)
    return batch
  }
}
