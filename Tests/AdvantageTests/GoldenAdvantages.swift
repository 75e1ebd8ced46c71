import FulcrumKernel
import TestSupport
import Testing

/// Holds one of the golden files of advantages.
struct GoldenAdvantages: Decodable, Sendable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let source: String
    /// The training step; `nil`: the first.
    let step: UInt32?
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
  /// `nil`: no case reads them.
  let rollout: [Float]?
  let reference: [Float]?
  let entropies: [Float]
  let cases: [Case]

  enum CodingKeys: String, CodingKey {
    case lengths, rewards, entropies, cases
    case old = "old-log-probabilities"
    case rollout = "rollout-log-probabilities"
    case reference = "reference-log-probabilities"
  }

  /// The files, by name: transforms that verl, TRL or the paper's code have, and methods of others.
  static let files = ["advantages", "advantage-methods"]

  /// Every case of every file, with its file.
  static func allCases() throws -> [FiledCase] {
    try files.flatMap { name in
      let file = try GoldenFile.read(Self.self, name)
      return file.cases.map { FiledCase(file: file, golden: $0) }
    }
  }

  /// A case with the file that holds its batch.
  struct FiledCase: CustomTestStringConvertible, Sendable {
    let file: GoldenAdvantages
    let golden: Case

    var testDescription: String { golden.testDescription }
    var batch: RolloutBatch { file.batch(step: golden.step ?? 1) }
  }

  static func read() throws -> GoldenAdvantages { try GoldenFile.read(Self.self, "advantages") }

  func batch(step: UInt32) -> RolloutBatch {
    let columns: [(Column, [Float]?)] = [
      (.oldLogProbabilities, old), (.entropies, entropies), (.rolloutLogProbabilities, rollout),
      (.referenceLogProbabilities, reference),
    ]
    return RolloutBatch(
      sequences: SequenceBatch(
        prompts: lengths.map { _ in [1] },
        completions: lengths.map { $0.map { Array(repeating: 7, count: $0) } }),
      rewards: rewards, isFinished: nil,
      columns: Dictionary(
        uniqueKeysWithValues: columns.compactMap { key, values in
          values.map { (key, $0) }
        }), step: step, minibatchOffsets: [0, rewards.count])
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
