import FulcrumKernel
import RolloutCorrectionPlugin
import TestSupport
import Testing

/// Holds `rollout-correction.json` of the golden files.
private struct GoldenWeights: Decodable {
  struct Case: Decodable, CustomTestStringConvertible, Sendable {
    let source: String
    let chain: [[String: GoldenFile.Setting]]
    let weights: [Double]
    /// By the name after `rollout_correction/LEVEL/`.
    let metrics: [String: Double]

    var testDescription: String { source }

    /// The parameters of each link.
    var links: [[String: ParameterValue]] {
      chain.map { link in link.filter { $0.key != "use" }.mapValues(\.value) }
    }
  }

  let lengths: [[Int]]
  let old: [Float]
  let rollout: [Float]
  let cases: [Case]

  enum CodingKeys: String, CodingKey {
    case lengths, cases
    case old = "old-log-probabilities"
    case rollout = "rollout-log-probabilities"
  }

  static func read() throws -> GoldenWeights {
    try GoldenFile.read(Self.self, "rollout-correction")
  }

  var batch: RolloutBatch {
    RolloutBatch(
      sequences: SequenceBatch(
        prompts: lengths.map { _ in [1] },
        completions: lengths.map { $0.map { Array(repeating: 7, count: $0) } }),
      rewards: lengths.flatMap { $0.map { _ in 0 } },
      columns: [.oldLogProbabilities: old, .rolloutLogProbabilities: rollout])
  }
}

/// Weights against TRL's and verl's own, on one batch with ratios from e^-21.5 to e^21.5.
@Suite struct GoldenWeightTests {
  /// e^-20. TRL doesn't hold log ρ: below it, its weights are smaller than ours by less than this.
  private static let least = 2.1e-9

  @Test(arguments: try GoldenWeights.read().cases)
  fileprivate func `weights and metrics are the peer's`(golden: GoldenWeights.Case) throws {
    let batch = try GoldenWeights.read().batch
    let ones = [Float](repeating: 1, count: batch.sequences.tokenCount)
    let result = try Corrected(by: golden.links, of: ones, in: batch)
    #expect(result.advantages.count == golden.weights.count)
    for (token, expected) in golden.weights.enumerated() {
      // Ratios are of numbers that are exact; the weight is rounded to Float once a link.
      let tolerance = Self.least + 2 * 0x1p-24 * expected
      #expect(
        abs(Double(result.advantages[token]) - expected) <= tolerance,
        "token \(token): \(result.advantages[token]) and \(expected)")
    }
    let level = golden.links[0]["level"] ?? .text("token")
    for (name, expected) in golden.metrics {
      let value = try #require(result.metrics["rollout_correction/\(level)/\(name)"], "\(name)")
      // verl adds 1e-8 to numbers of tokens and to means that it divides by.
      #expect(abs(value - expected) <= Self.least + 1e-7 * expected, "\(name): \(value)")
    }
  }

  @Test func `every level, mode and parameter has a case`() throws {
    let links = try GoldenWeights.read().cases.flatMap(\.links)
    #expect(
      Set(links.flatMap(\.keys)) == Set(RolloutCorrection.manual.parameters.map(\.name)))
    #expect(
      Set(links.compactMap { $0["level"].map { "\($0)" } })
        == ["token", "sequence", "sequence-mean"])
    #expect(
      Set(links.compactMap { $0["mode"].map { "\($0)" } }) == ["truncate", "mask", "reject"])
  }

  @Test func `the batch has ratios that every case's bounds part, and none on a bound`() throws {
    let golden = try GoldenWeights.read()
    let ratios = zip(golden.old, golden.rollout).map { Double($0) - Double($1) }
    #expect(ratios.contains { $0 > 20 } && ratios.contains { $0 < -20 })
    #expect(golden.lengths.flatMap(\.self).contains(1), "a completion of one token")
    for golden in golden.cases where golden.links.count == 1 {
      #expect(Set(golden.weights).count > 1, "\(golden.source)")
    }
  }
}
