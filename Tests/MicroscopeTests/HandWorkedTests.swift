import Foundation
import FulcrumKernel
import Microscope
import Testing

/// Updates of three logits, against the same worked out on paper.
@Suite struct HandWorkedTests {
  private let probabilities = [0.55, 0.3, 0.15]
  /// The sums of the advantages of tokens 0, 1 and 2, over six tokens.
  private let weights = [-3.0 / 6, 1.0 / 6, -1.0 / 6]

  /// Probabilities after a step along Σ w (e − π) of some tokens.
  private func after(_ learningRate: Double, tokens: [Int]) -> [Double] {
    var logits = probabilities.map { log($0) }
    for token in tokens {
      for k in 0..<3 {
        logits[k] += learningRate * weights[token] * ((k == token ? 1 : 0) - probabilities[k])
      }
    }
    let total = logits.map { exp($0) }.reduce(0, +)
    return logits.map { exp($0) / total }
  }

  private func isClose(_ one: Double, _ other: Double) -> Bool { abs(one - other) < 1e-6 }

  @Test func `norms are those of one interval's tokens over the denominators of all`() throws {
    let batch = try HandBatch.look(HandBatch.microscope(learningRate: 0.5)).batches[0]
    // ‖e − π‖² of tokens 2, 1 and 0; nothing is in the highest interval.
    #expect(isClose(batch.norms[0], 1.115.squareRoot() / 6))
    #expect(isClose(batch.norms[1], 0.815.squareRoot() / 6))
    #expect(isClose(batch.norms[2], 0.315.squareRoot() / 2))
    #expect(batch.norms[3] == 0)
    // (−1.35, 1.9, −0.55) / 6
    #expect(isClose(batch.norm, (1.8225 + 3.61 + 0.3025).squareRoot() / 6))
  }

  @Test func `shares, histogram and advantages are told by interval`() throws {
    let batch = try HandBatch.look(HandBatch.microscope(learningRate: 0.5)).batches[0]
    #expect(batch.tokenCount == 6)
    let shares: [Double] = [1.0 / 3, 1.0 / 6, 0.5, 0]
    #expect(batch.shares == shares)
    // Tokens lie at or above 0.15, 0.3 and 0.55; f32 may put the first two just below.
    let filled = batch.histogram.filter { $0 > 0 }.sorted()
    #expect(filled == shares.filter { $0 > 0 }.sorted())
    #expect(isClose(batch.histogram[10] + batch.histogram[11], 0.5))
    #expect(batch.advantages.mean[0] == -0.5)
    #expect(batch.advantages.mean[1] == 1)
    #expect(batch.advantages.mean[2] == -1)
    #expect(batch.advantages.mean[3].isNaN)
    #expect(batch.advantages.quantiles[2][2] == -2)
    #expect(isClose(batch.advantages.quantiles[0][1], -1.25))
  }

  @Test func `changes of probability are those of the step`() throws {
    let batch = try HandBatch.look(HandBatch.microscope(learningRate: 0.5)).batches[0]
    let all = after(0.5, tokens: [0, 1, 2])
    for (interval, token) in [2, 1, 0].enumerated() {
      let change = all[token] - probabilities[token]
      #expect(isClose(batch.change.mean[interval], change))
      #expect(isClose(batch.change.meanAbsolute[interval], abs(change)))
      // All of an interval's tokens are one token here.
      #expect(batch.change.quantiles[interval].allSatisfy { isClose($0, change) })
      for (updated, own) in [2, 1, 0].enumerated() {
        let alone = after(0.5, tokens: [own])[token] - probabilities[token]
        #expect(isClose(batch.changes[updated].mean[interval], alone))
        #expect(isClose(batch.changes[updated].meanAbsolute[interval], abs(alone)))
      }
    }
    // Nothing is in the highest interval: an update of it changes nothing.
    #expect(batch.changes[3].meanAbsolute[0] == 0)
    #expect(batch.change.meanAbsolute[3].isNaN)
    // Of token 0's three occurrences one has A > 0 and two have A < 0.
    let fall = after(0.5, tokens: [0])[0] - probabilities[0]
    #expect(isClose(batch.along[2][2], -fall / 3))
  }

  @Test func `the direction of a step is counted by interval`() throws {
    let arm = try HandBatch.look(HandBatch.microscope(learningRate: 0.5)).arms[0]
    #expect(arm.name == "plain")
    let found = arm.batches[0]
    // Tokens 0 and 2 fall, token 1 rises.
    #expect(found.positiveRose[0] == 0)
    #expect(found.negativeFell[0] == 1)
    #expect(found.correct[0] == 0.5)
    #expect(found.positiveRose[1] == 1)
    #expect(found.negativeFell[1].isNaN)
    #expect(found.positiveRose[2] == 0)
    #expect(found.negativeFell[2] == 1)
    #expect(isClose(found.correct[2], 2.0 / 3))
    #expect(found.correct[3].isNaN)
  }

  @Test func `a scaled gradient takes the same steps to the bit`() throws {
    let plain = try HandBatch.look(HandBatch.microscope(learningRate: 0.5)).batches[0]
    let scaled = try HandBatch.look(
      HandBatch.microscope(learningRate: 0.5, scale: Ascent.plainScale)
    ).batches[0]
    #expect(plain.norms == scaled.norms)
    #expect(plain.norm == scaled.norm)
    #expect(plain.change.mean[0] == scaled.change.mean[0])
    #expect(plain.changes[1].mean[0] == scaled.changes[1].mean[0])
  }

  @Test func `the policy under the microscope keeps its bits`() throws {
    let microscope = HandBatch.microscope(learningRate: 0.5)
    let policy = try #require(microscope.policy as? TablePolicy)
    let before = policy.logits
    _ = try HandBatch.look(microscope, batches: 2)
    #expect(policy.logits == before)
  }

  @Test func `updates that don't begin where the first did are refused`() throws {
    let shared = TablePolicy()
    let microscope = HandBatch.microscope(
      learningRate: 0.5, makePolicy: { () throws(FulcrumError) in shared })
    #expect {
      try HandBatch.look(microscope)
    } throws: { error in
      "\(error)".hasPrefix(
        "policy: expected the same scores, to the bit, before and after the updates; got others for"
          + " 6 of 6 tokens")
    }
  }
}
