import FulcrumKernel
import ObjectiveTestSupport
import TestSupport
import Testing

/// Holds `objectives.json` of the golden files.
struct GoldenObjectives: Decodable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let source: String
    /// The name of one of the file's lists of advantages.
    let advantages: String
    let aggregation: String
    /// The objectives, as a configuration would list them.
    let objectives: [[String: GoldenFile.Setting]]
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
  static let shared = Result { try GoldenFile.read(GoldenObjectives.self, "objectives") }

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
