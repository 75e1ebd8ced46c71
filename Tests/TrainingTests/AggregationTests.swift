import FulcrumKernel
import Testing
import Training

@Suite struct AggregationTests {
  /// Completions of 1, 3 and 4 tokens.
  private let sequences = SequenceBatch(
    prompts: [[0], [0]], completions: [[[1], [1, 2, 3]], [[1, 2, 3, 4]]])

  private func shares(
    _ kind: Aggregation.Kind, length: Int = 1, counts: [Bool] = [true, true, true]
  ) -> [Double] {
    Aggregation(kind, length: length).shares(of: sequences, members: 0..<3, counts: counts)
  }

  @Test func `each name gives the factors that it stands for`() {
    // The nearest numbers to the quotients: exact.
    func over(_ denominators: Double...) -> [Double] { denominators.map { 1 / $0 } }
    #expect(shares(.tokenMean) == over(8, 8, 8))
    #expect(shares(.sequenceMeanTokenMean) == over(3, 9, 12))
    #expect(shares(.sequenceMeanTokenSum) == over(3, 3, 3))
    #expect(shares(.sequenceMeanTokenSumNorm, length: 10) == over(30, 30, 30))
  }

  @Test func `the terms of equal tokens add up to what the mean says`() {
    // Every token's term is 1: means are 1, a mean of sums is the mean length.
    let lengths = [1.0, 3, 4]
    func total(_ kind: Aggregation.Kind, length: Int = 1) -> Double {
      zip(shares(kind, length: length), lengths).reduce(0) { $0 + $1.0 * $1.1 }
    }
    // A few roundings of numbers near 1.
    #expect(abs(total(.tokenMean) - 1) < 1e-15)
    #expect(abs(total(.sequenceMeanTokenMean) - 1) < 1e-15)
    #expect(abs(total(.sequenceMeanTokenSum) - 8.0 / 3) < 1e-15)
    #expect(abs(total(.sequenceMeanTokenSumNorm, length: 4) - 2.0 / 3) < 1e-15)
  }

  @Test func `a sequence that does not count is in no denominator`() {
    #expect(shares(.tokenMean, counts: [true, false, true]) == [0.2, 0, 0.2])
    #expect(shares(.sequenceMeanTokenMean, counts: [true, false, true]) == [0.5, 0, 0.125])
    #expect(shares(.tokenMean, counts: [false, false, false]) == [0, 0, 0])
  }

  @Test func `mini-batches are cut between groups`() {
    let cut = Minibatch.cut(sequences, prompts: 1, aggregation: Aggregation(.tokenMean))
    #expect(cut.map(\.sequences) == [0..<2, 2..<3])
    #expect(cut.map(\.tokens) == [0..<4, 4..<8])
    #expect(cut.map(\.tokenCount) == [4, 4])
    #expect(cut.offsets == [0, 2, 3])
  }
}
