import Microscope
import Testing

/// Statistics of one category's frequencies and the rewards.
@Suite struct CorrelationTests {
  private func isClose(_ one: Double, _ other: Double, within: Double = 1e-12) -> Bool {
    abs(one - other) < within
  }

  /// - Parameter prompts: of each completion; `nil`: all are of one prompt.
  private func words(_ frequencies: [Double], _ rewards: [Double], prompts: [Int]? = nil) throws
    -> WordRecord
  {
    let completions = frequencies.indices.map { place in
      WordSurvey.Completion(
        prompt: prompts?[place] ?? 0, reward: rewards[place], frequencies: [frequencies[place]])
    }
    return WordRecord(
      try WordLists(text: "C: [word]", source: "w.yaml"), name: "policy",
      survey: WordSurvey(completions))
  }

  private func pearson(_ x: [Double], _ y: [Double]) throws -> Double {
    try words(x, y).correlation[0]
  }

  @Test func `Pearson's r is covariance over deviations`() throws {
    // Σ dx dy = 2.25 − 0.25 − 0.25 + 2.25 = 4; Σ dx² = Σ dy² = 5.
    #expect(isClose(try pearson([1, 2, 3, 4], [1, 3, 2, 4]), 0.8))
    #expect(try pearson([1, 2, 4], [-2, -4, -8]) == -1)
  }

  @Test func `a column that doesn't vary has no correlation`() throws {
    // A third is not exact, and three of them have a mean that may be another number.
    let third = 1000.0 / 3
    #expect(try pearson([third, third, third], [1, 2, 4]).isNaN)
    #expect(try pearson([1, 2], [5, 5]).isNaN)
    #expect(try pearson([], []).isNaN)
    let words = try words(
      [third, third, third, 0.1, 0.1, 0.1], [1, 2, 3, 4, 5, 6], prompts: [0, 0, 0, 1, 1, 1])
    #expect(words.within[0].isNaN)
  }

  @Test func `within prompts, what sets prompts apart is gone`() throws {
    // Easy prompts have few words and high rewards; in each, more words go with more reward.
    let words = try words([0, 1, 10, 11], [5, 6, 0, 1], prompts: [0, 0, 1, 1])
    #expect(words.correlation[0] < -0.9)
    #expect(words.within[0] == 1)
    // dx = −1, 0, 1, −1, 0, 1; dy = −1, 0, 1, 1, −2, 1: 2 / √(4 · 8).
    let other = try self.words(
      [0, 1, 2, 5, 6, 7], [10, 11, 12, 4, 1, 4], prompts: [3, 3, 3, 1, 1, 1])
    #expect(isClose(other.within[0], 2 / 32.0.squareRoot()))
  }

  @Test func `Fisher's interval is that of the tables`() throws {
    // n = 4: atanh 0.8 = 1.0986, ± 1.96. (0.8 ∓ t) / (1 ∓ 0.8 t) with t = tanh 1.96 = 0.96109.
    let four = try words([1, 2, 3, 4], [1, 3, 2, 4])
    #expect(isClose(four.low[0], -0.6970, within: 1e-4))
    #expect(isClose(four.high[0], 0.9956, within: 1e-4))
    // n = 103: atanh 0.5 = 0.5493, ± 0.196. Rewards are x/2 + √3/2 z, with z as long as x and
    // perpendicular to it.
    let zeros = [Double](repeating: 0, count: 99)
    let half = 3.0.squareRoot() / 2
    let many = try words([1, -1, 0, 0] + zeros, [0.5, -0.5, half, -half] + zeros)
    #expect(isClose(many.correlation[0], 0.5))
    #expect(isClose(many.low[0], 0.3393, within: 2e-4))
    #expect(isClose(many.high[0], 0.6323, within: 2e-4))
    #expect(try words([1, 2, 3], [1, 3, 2]).low[0].isNaN)
    #expect(try words([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).high[0].isNaN)
    let line = (0..<9).map(Double.init)
    let certain = try words(line, line)
    #expect(certain.low == [1])
    #expect(certain.high == [1])
  }

  /// The bins' frequencies, rewards and completions.
  private func bins(_ frequencies: [Double], _ rewards: [Double]) throws -> [[Double]] {
    try words(frequencies, rewards).bins[0].map {
      [$0.frequency, $0.reward, Double($0.completions)]
    }
  }

  @Test func `ten frequencies make five parts of two`() throws {
    #expect(
      try bins([9, 0, 8, 1, 7, 2, 6, 3, 5, 4], [1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
        == [[0.5, 0, 2], [2.5, 0, 2], [4.5, 0.5, 2], [6.5, 1, 2], [8.5, 1, 2]])
  }

  @Test func `equal frequencies stay together`() throws {
    // Six zeros have the middle rank 3 of 10; the ranks 6.5 and 7.5 are one part, 8.5 and 9.5 another.
    #expect(
      try bins([0, 4, 0, 3, 0, 2, 0, 1, 0, 0], [1, 9, 1, 7, 1, 5, 1, 3, 1, 7])
        == [[0, 2, 6], [1.5, 4, 2], [3.5, 8, 2]])
    #expect(try bins([7, 7], [1, 2]) == [[7, 1.5, 2]])
    #expect(try bins([], []).isEmpty)
  }
}
