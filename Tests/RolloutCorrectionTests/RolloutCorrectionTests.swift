import Foundation
import FulcrumKernel
import RolloutCorrectionPlugin
import Testing

/// Weights of ratios that are powers of two, by hand.
@Suite struct RolloutCorrectionTests {
  /// log π of a sampler and of a trainer whose ratios are those given.
  private static func logs(_ ratios: [[Double]]) -> (old: [[Float]], rollout: [[Float]]) {
    (ratios.map { $0.map { Float(log($0) - 4) } }, ratios.map { $0.map { _ in -4 } })
  }

  private func corrected(_ link: [String: ParameterValue], _ ratios: [[Double]]) throws
    -> Corrected
  {
    let (old, rollout) = Self.logs(ratios)
    return try Corrected(by: [link], old: old, rollout: rollout)
  }

  /// A log-probability between 2 and 8 in size is off by 2^-22 at most, a ratio by as much; a
  /// product of two by twice that. 1e-6 is more than all of it for ratios up to 2.
  private func expect(_ values: [Float], _ expected: [Double]) {
    #expect(values.count == expected.count)
    for (value, other) in zip(values, expected) {
      #expect(abs(Double(value) - other) < 1e-6 * max(1, other), "\(value) and \(other)")
    }
  }

  private func metric(_ result: Corrected, _ name: String) throws -> Double {
    try #require(result.metrics["rollout_correction/\(name)"], "\(name)")
  }

  @Test func `by default each token's ratio counts, up to two`() throws {
    let result = try corrected([:], [[0.25, 1], [4]])
    expect(result.advantages, [0.25, 1, 2])
    #expect(abs(try metric(result, "token/importance_sampling_ratio/mean") - 1.75) < 2e-6)
    #expect(abs(try metric(result, "token/importance_sampling_ratio/min") - 0.25) < 1e-6)
    #expect(abs(try metric(result, "token/importance_sampling_ratio/max") - 4) < 4e-6)
    #expect(abs(try metric(result, "token/weight/mean") - 3.25 / 3) < 1e-6)
    #expect(abs(try metric(result, "token/weight/min") - 0.25) < 1e-6)
    #expect(try metric(result, "token/weight/max") == 2)
    #expect(try metric(result, "token/truncated_share") == 1.0 / 3)
    #expect(try metric(result, "token/masked_share") == 0)
    // (Σw)² / (n Σw²)
    let effective = 3.25 * 3.25 / (3 * (0.0625 + 1 + 4))
    #expect(abs(try metric(result, "token/effective_sample_size") - effective) < 1e-6)
    #expect(result.metrics.count == 9)
  }

  @Test func `a lower bound lifts what is below`() throws {
    let result = try corrected(["lower": .number(0.5)], [[0.25, 1], [4]])
    expect(result.advantages, [0.5, 1, 2])
    #expect(try metric(result, "token/truncated_share") == 2.0 / 3)
  }

  @Test func `a mask drops ratios on both sides and keeps the others as they are`() throws {
    let bounds: [String: ParameterValue] = ["lower": .number(0.5), "upper": .number(5)]
    let ratios = [[0.25, 0.625], [4, 8]]
    let masked = try corrected(bounds.merging(["mode": .text("mask")]) { $1 }, ratios)
    expect(masked.advantages, [0, 0.625, 4, 0])
    #expect(try metric(masked, "token/masked_share") == 0.5)
    #expect(try metric(masked, "token/truncated_share") == 0)
    let rejected = try corrected(bounds.merging(["mode": .text("reject")]) { $1 }, ratios)
    #expect(rejected.advantages == [0, 1, 1, 0])
    #expect(try metric(rejected, "token/effective_sample_size") == 0.5)
  }

  @Test func `a completion's ratio is the product of its tokens', for all of them`() throws {
    // 2 · 1/4 = 1/2, 2 · 2 = 4; completions count alike, whatever their length.
    let ratios = [[2, 0.25], [2, 2], [1]]
    let result = try corrected(["level": .text("sequence"), "upper": .number(3)], ratios)
    expect(result.advantages, [0.5, 0.5, 3, 3, 1])
    #expect(abs(try metric(result, "sequence/weight/mean") - 4.5 / 3) < 1e-6)
    #expect(abs(try metric(result, "sequence/importance_sampling_ratio/max") - 4) < 8e-6)
    #expect(try metric(result, "sequence/truncated_share") == 1.0 / 3)
  }

  @Test func `a geometric mean doesn't grow with the length`() throws {
    let ratios = [[2, 0.25], [2, 2, 2, 2]]
    let result = try corrected(["level": .text("sequence-mean"), "upper": .number(3)], ratios)
    expect(result.advantages, [sqrt(0.5), sqrt(0.5), 2, 2, 2, 2])
  }

  @Test func `a veto takes a completion out for one of its tokens`() throws {
    let result = try corrected(["veto": .number(0.3)], [[1, 0.25, 1], [0.5, 1]])
    expect(result.advantages, [0, 0, 0, 0.5, 1])
    #expect(try metric(result, "token/vetoed_share") == 0.5)
    #expect(try metric(result, "token/masked_share") == 0.6)
    let whole = try corrected(
      ["level": .text("sequence"), "veto": .number(0.3)], [[4, 0.25], [1, 1]])
    expect(whole.advantages, [0, 0, 1, 1])
    #expect(try metric(whole, "sequence/masked_share") == 0.5)
  }

  @Test func `weights may be divided by their mean, over tokens or over completions`() throws {
    let tokens = try corrected(["mean-normalised": .flag(true)], [[0.25, 1], [4]])
    expect(tokens.advantages, [0.25, 1, 2].map { $0 / (3.25 / 3) })
    // What is reported are the weights before.
    #expect(abs(try metric(tokens, "token/weight/mean") - 3.25 / 3) < 1e-6)
    let completions = try corrected(
      ["level": .text("sequence"), "mean-normalised": .flag(true)], [[0.5, 0.5], [1]])
    expect(completions.advantages, [0.25, 0.25, 1].map { $0 / (1.25 / 2) })
  }

  @Test func `if everything is masked, advantages are zero and no sample is effective`() throws {
    let (old, rollout) = Self.logs([[8, 16], [32]])
    for isNormalised in [false, true] {
      let result = try Corrected(
        by: [["mode": .text("mask"), "mean-normalised": .flag(isNormalised)]], of: [-1, 2, -3],
        old: old, rollout: rollout)
      #expect(result.advantages.map(\.bitPattern) == [0, 0, 0])
      #expect(result.metrics["rollout_correction/token/effective_sample_size"] == nil)
      #expect(try metric(result, "token/masked_share") == 1)
    }
  }

  @Test(arguments: ["token", "sequence", "sequence-mean"], ["truncate", "mask", "reject"])
  func `where the sampler is the trainer, nothing changes by a bit`(level: String, mode: String)
    throws
  {
    let logs: [[Float]] = [[-0.1, -3.7, -80], [0], [-1e-9, -12.3]]
    let advantages: [Float] = [1.7, -0, 1e-42, .greatestFiniteMagnitude, -2.3, 0]
    for more in [[:], ["lower": .number(1), "upper": .number(1), "veto": .number(1)]]
      as [[String: ParameterValue]]
    {
      for isNormalised in [false, true] {
        let own: [String: ParameterValue] = [
          "level": .text(level), "mode": .text(mode), "mean-normalised": .flag(isNormalised),
        ]
        let result = try Corrected(
          by: [own.merging(more) { $1 }], of: advantages, old: logs, rollout: logs)
        #expect(result.advantages.map(\.bitPattern) == advantages.map(\.bitPattern))
        #expect(try metric(result, "\(level)/effective_sample_size") == 1)
        #expect(try metric(result, "\(level)/importance_sampling_ratio/mean") == 1)
      }
    }
  }

  @Test func `log ratios are held at twenty, after they were summed`() throws {
    let most = exp(20.0)
    let token = try Corrected(
      by: [["upper": .number(1e9)]], old: [[-1, -100]], rollout: [[-100, -1]])
    expect(token.advantages, [most, exp(-20)])
    // 99 − 99 + 0.5: neither is cut before.
    let sequence = try Corrected(
      by: [["level": .text("sequence")]], old: [[-1, -100, -1]], rollout: [[-100, -1, -1.5]])
    expect(sequence.advantages, Array(repeating: exp(0.5), count: 3))
  }

  @Test func `an advantage that grows too large becomes the greatest number`() throws {
    let (old, rollout) = Self.logs([[2]])
    let result = try Corrected(
      by: [[:]], of: [-.greatestFiniteMagnitude], old: old, rollout: rollout)
    #expect(result.advantages == [-.greatestFiniteMagnitude])
  }

  @Test func `completions without tokens are in no metric`() throws {
    let result = try corrected(
      ["level": .text("sequence"), "veto": .number(0.5)], [[], [0.25], [], [1]])
    #expect(try metric(result, "sequence/vetoed_share") == 0.5)
    #expect(try metric(result, "sequence/importance_sampling_ratio/mean") < 0.7)
    #expect(try corrected([:], [[], []]).metrics.isEmpty)
  }
}
