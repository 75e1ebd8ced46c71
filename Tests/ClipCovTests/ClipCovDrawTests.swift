import ClipCovPlugin
import FulcrumKernel
import ObjectiveTestSupport
import Testing

@Suite struct ClipCovDrawTests {
  /// 400 tokens on policy in sequences of 10, half of covariance 2, half of covariance -2.
  private let batch: MiniBatch = {
    let current = (0..<400).map { Float($0.isMultiple(of: 2) ? -2 : -4) }
    let advantages = (0..<400).map { token -> Float in
      let sign: Float = token.isMultiple(of: 2) ? 1 : -1
      return token % 4 < 2 ? 2 * sign : -2 * sign
    }
    return MiniBatch(
      current: current, old: current, advantages: advantages,
      lengths: Array(repeating: 10, count: 40))
  }()

  private func marks(
    seed: UInt64 = 1, step: UInt32 = 1, update: UInt32 = 0, share: Double = 0.1
  ) throws -> [Int] {
    var batch = batch
    batch.step = step
    batch.update = update
    let survey = try batch.weighed(by: makeObjective(["share": .number(share)], seed: seed)).survey
    #expect(survey.allSatisfy { $0 == 0 || $0 == 1 })
    return survey.indices.filter { survey[$0] == 1 }
  }

  @Test func `a draw is a function of seed, step and update`() throws {
    let first = try marks()
    #expect(try marks() == first)
    #expect(first.count == 40)
    #expect(first.allSatisfy { $0 % 4 < 2 })
    // Two draws of 40 of 200 that agree by chance: one in 10^42.
    #expect(try marks(seed: 2) != first)
    #expect(try marks(step: 2) != first)
    #expect(try marks(update: 1) != first)
  }

  @Test func `a larger share draws what a smaller one drew and more`() throws {
    let few = try marks(share: 0.05)
    let more = try marks(share: 0.1)
    #expect(few.count == 20)
    #expect(Set(few).isSubset(of: more))
  }

  @Test func `every candidate is drawn about equally often`() throws {
    var counts: [Int: Int] = [:]
    for step in 1...400 as ClosedRange<UInt32> {
      for token in try marks(step: step) { counts[token, default: 0] += 1 }
    }
    #expect(counts.count == 200)
    // Each is binomial with 400 draws of chance 1/5: mean 80, deviation 8. Five deviations of 200
    // tokens: 1 in 10,000 by chance, and these draws are fixed.
    #expect(counts.values.allSatisfy { abs($0 - 80) < 40 })
  }
}
