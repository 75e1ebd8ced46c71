import Microscope
import Testing

@Suite struct CorrelationTests {
  private func isClose(_ one: Double, _ other: Double, within: Double = 1e-12) -> Bool {
    abs(one - other) < within
  }

  @Test func `Pearson's r is covariance over deviations`() {
    // Σ dx dy = 2.25 − 0.25 − 0.25 + 2.25 = 4; Σ dx² = Σ dy² = 5.
    #expect(isClose(Correlation.pearson([1, 2, 3, 4], [1, 3, 2, 4]), 0.8))
    #expect(Correlation.pearson([1, 2, 4], [-2, -4, -8]) == -1)
  }

  @Test func `a column that doesn't vary has no correlation`() {
    // A third is not exact, and three of them have a mean that may be another number.
    let third = 1000.0 / 3
    #expect(Correlation.pearson([third, third, third], [1, 2, 4]).isNaN)
    #expect(Correlation.pearson([1, 2], [5, 5]).isNaN)
    #expect(Correlation.pearson([], []).isNaN)
    #expect(
      Correlation.pearson(
        [third, third, third, 0.1, 0.1, 0.1], [1, 2, 3, 4, 5, 6], within: [0, 0, 0, 1, 1, 1]
      ).isNaN)
  }

  @Test func `within groups, what sets groups apart is gone`() {
    // Easy prompts have few words and high rewards; in each, more words go with more reward.
    let (x, y): ([Double], [Double]) = ([0, 1, 10, 11], [5, 6, 0, 1])
    #expect(Correlation.pearson(x, y) < -0.9)
    #expect(Correlation.pearson(x, y, within: [0, 0, 1, 1]) == 1)
    // dx = −1, 0, 1, −1, 0, 1; dy = −1, 0, 1, 1, −2, 1: 2 / √(4 · 8).
    #expect(
      isClose(
        Correlation.pearson(
          [0, 1, 2, 5, 6, 7], [10, 11, 12, 4, 1, 4], within: [3, 3, 3, 1, 1, 1]),
        2 / 32.0.squareRoot()))
  }

  @Test func `Fisher's interval is that of the tables`() {
    // n = 4: atanh 0.8 = 1.0986, ± 1.96. (0.8 ∓ t) / (1 ∓ 0.8 t) with t = tanh 1.96 = 0.96109.
    let four = Correlation.interval(0.8, count: 4)
    #expect(isClose(four.low, -0.6970, within: 1e-4))
    #expect(isClose(four.high, 0.9956, within: 1e-4))
    // n = 103: atanh 0.5 = 0.5493, ± 0.196.
    let many = Correlation.interval(0.5, count: 103)
    #expect(isClose(many.low, 0.3393, within: 2e-4))
    #expect(isClose(many.high, 0.6323, within: 2e-4))
    #expect(Correlation.interval(0.5, count: 3).low.isNaN)
    #expect(Correlation.interval(.nan, count: 9).high.isNaN)
    #expect(Correlation.interval(1, count: 9) == (1, 1))
  }
}

@Suite struct FrequencyBinTests {
  private func bin(_ frequency: Double, _ reward: Double, _ count: Int) -> FrequencyBin {
    FrequencyBin(frequency: frequency, reward: reward, completions: count)
  }

  @Test func `ten frequencies make five parts of two`() {
    let bins = FrequencyBin.bins(
      frequencies: [9, 0, 8, 1, 7, 2, 6, 3, 5, 4], rewards: [1, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    #expect(
      bins == [bin(0.5, 0, 2), bin(2.5, 0, 2), bin(4.5, 0.5, 2), bin(6.5, 1, 2), bin(8.5, 1, 2)])
  }

  @Test func `equal frequencies stay together`() {
    // Six zeros have the middle rank 3 of 10; the ranks 6.5 and 7.5 are one part, 8.5 and 9.5 another.
    let bins = FrequencyBin.bins(
      frequencies: [0, 4, 0, 3, 0, 2, 0, 1, 0, 0], rewards: [1, 9, 1, 7, 1, 5, 1, 3, 1, 7])
    #expect(bins == [bin(0, 2, 6), bin(1.5, 4, 2), bin(3.5, 8, 2)])
    #expect(FrequencyBin.bins(frequencies: [7, 7], rewards: [1, 2]) == [bin(7, 1.5, 2)])
    #expect(FrequencyBin.bins(frequencies: [], rewards: []).isEmpty)
  }
}
