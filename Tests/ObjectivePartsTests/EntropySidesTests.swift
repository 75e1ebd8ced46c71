import FulcrumKernel
import ObjectiveParts
import ObjectiveTestSupport
import Testing

@Suite struct EntropySidesTests {
  private func sides(_ entropies: [Float], lengths: [Int], quantile: Double, shares: [Double] = [])
    throws -> EntropySides
  {
    let zeros = [Float](repeating: 0, count: entropies.count)
    var batch = MiniBatch(current: zeros, old: zeros, advantages: zeros, lengths: lengths)
    batch.entropies = entropies
    batch.shares = shares
    return try batch.withInput(of: 0..<lengths.count, survey: []) {
      try EntropySides(of: $0, quantile: quantile, by: "some-objective")
    }
  }

  @Test func `each sequence has its own quantile, and tokens on it are on the low side`() throws {
    // The medians of 1, 2, 3 and of 10, 40 are 2 and 25; an empty sequence between them.
    let result = try sides([1, 2, 3, 10, 40], lengths: [3, 0, 2], quantile: 0.5)
    #expect(result.isHigh == [false, false, true, false, true])
    #expect(result.sideFactor == [1.5, 1.5, 3, 2, 2])
  }

  @Test func `equal entropies and a quantile of 1 leave no high side`() throws {
    #expect(try sides([2, 2, 2], lengths: [3], quantile: 0).isHigh == [false, false, false])
    let all = try sides([1, 2, 3], lengths: [3], quantile: 1)
    #expect(all.isHigh == [false, false, false])
    #expect(all.sideFactor == [1, 1, 1])
  }

  @Test func `a masked sequence has no sides`() throws {
    let result = try sides([.nan, 5, 1, 2], lengths: [2, 2], quantile: 0.5, shares: [0, 1])
    #expect(result.isHigh == [false, false, false, true])
    #expect(result.sideFactor == [1, 1, 2, 2])
  }
}
