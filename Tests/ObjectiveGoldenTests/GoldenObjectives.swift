import FulcrumKernel
import ObjectiveTestSupport
import TestSupport
import Testing

/// Holds a golden file of objectives: one mini-batch, and what a peer's code makes of it.
struct GoldenObjectives: Decodable, Sendable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let source: String
    /// The name of one of the file's lists of advantages.
    let advantages: String
    let aggregation: String
    /// The objectives, as a configuration would list them.
    let objectives: [[String: GoldenFile.Setting]]
    /// `nil`: the peer reports a number of another form, with the same gradient.
    let loss: Double?
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
  /// Sequences of each group; `nil`: all are of one.
  let groups: [Int]?
  let horizon: Int
  let current: [Float]
  let old: [Float]
  let reference: [Float]
  let entropies: [Float]
  let advantages: [String: [Float]]
  /// Further columns by the names that manifests have for them.
  let columns: [String: [Float]]?
  let cases: [Case]

  enum CodingKeys: String, CodingKey {
    case lengths, groups, horizon, entropies, columns, advantages, cases
    case current = "log-probabilities"
    case old = "old-log-probabilities"
    case reference = "reference-log-probabilities"
  }

  /// The files, by name.
  static let files = ["objectives", "ratio-methods", "sequence-methods"]

  /// TRL's and verl's own objectives, or what is wrong with the file.
  static let shared = Result { try GoldenFile.read(GoldenObjectives.self, "objectives") }

  /// Every case of every file, with its file.
  static func allCases() throws -> [FiledCase] {
    try files.flatMap { name in
      let file = try GoldenFile.read(GoldenObjectives.self, name)
      return file.cases.map { FiledCase(file: file, golden: $0) }
    }
  }

  /// A case with the file that holds its batch.
  struct FiledCase: CustomTestStringConvertible, Sendable {
    let file: GoldenObjectives
    let golden: Case

    var testDescription: String { golden.testDescription }
  }

  /// The mini-batch of a case.
  func batch(advantages name: String, aggregation: String) throws -> MiniBatch {
    guard let values = advantages[name], let aggregation = Aggregation(rawValue: aggregation)
    else { throw FulcrumError(.data, "no advantages '\(name)' or no such aggregation") }
    var batch = MiniBatch(
      current: current, old: old, reference: reference, advantages: values, lengths: lengths)
    batch.entropies = entropies
    if let groups { batch.setGroups(sizes: groups) }
    for (name, values) in columns ?? [:] {
      guard let column = Column(name: name) else {
        throw FulcrumError(.data, "no column is called '\(name)'")
      }
      batch.further[column] = values
    }
    batch.shares = aggregation.shares(lengths: lengths, horizon: horizon)
    return batch
  }
}
