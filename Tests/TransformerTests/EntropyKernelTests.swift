import Foundation
import Testing
import TransformerKernels

/// The loop that turns logits into their gradient of w log π + v H, against `Double`.
struct EntropyKernelTests {
  private func numbers(_ count: Int, scale: Float) -> [Float] {
    (0..<count).map { scale * sin(Float($0) * 1.7 + 0.3) * cos(Float($0) * 0.31) }
  }

  /// Returns the kernel's gradient of logits, from the statistics that scoring leaves.
  private func gradient(
    _ logits: [Float], inverseTemperature: Float = 1, target: Int, weight: Float = 0,
    entropyWeight: Float
  ) -> [Float] {
    let count = Int32(logits.count)
    let statistics = tk_score_token(logits, count, inverseTemperature, Int32(target))
    var values = logits
    tk_logit_gradient_with_entropy(
      &values, count, inverseTemperature, statistics.maximum, statistics.total, statistics.spread,
      Int32(target), weight, entropyWeight)
    return values
  }

  /// w log π + v H of logits that the temperature has divided.
  private func objective(
    _ z: [Double], target: Int, weight: Double, entropyWeight: Double
  ) -> Double {
    let largest = z.max() ?? 0
    let total = z.reduce(0) { $0 + exp($1 - largest) }
    let logs = z.map { $0 - largest - log(total) }
    return weight * logs[target] - entropyWeight * logs.reduce(0) { $0 + exp($1) * $1 }
  }

  /// Fewer than a vector, one, and several with a rest; more than one flush of the sums.
  @Test(arguments: [2, 5, 16, 37, 3000], [(1.5, 0), (0, -2), (-0.75, 1.25)] as [(Float, Float)])
  func `the gradient agrees with central differences at a temperature`(
    count: Int, weights: (Float, Float)
  ) {
    let logits = numbers(count, scale: 6)
    let inverse: Float = 1 / 0.7
    let (weight, entropyWeight) = weights
    for target in [0, count / 2, count - 1] {
      let got = gradient(
        logits, inverseTemperature: inverse, target: target, weight: weight,
        entropyWeight: entropyWeight)
      // As the kernel rounds them; the rest is exact.
      var z = logits.map { Double($0 * inverse) }
      let h = 1e-4
      for i in z.indices where count < 100 || i % 97 == 0 || i == target {
        let middle = z[i]
        z[i] = middle + h
        let above = objective(
          z, target: target, weight: Double(weight), entropyWeight: Double(entropyWeight))
        z[i] = middle - h
        let below = objective(
          z, target: target, weight: Double(weight), entropyWeight: Double(entropyWeight))
        z[i] = middle
        // Products of numbers below 10 by probabilities, z − max rounded at 5e-7; the differences'
        // error is h² times a derivative below 10.
        #expect(abs(Double(got[i]) - (above - below) / (2 * h)) < 5e-6)
      }
    }
  }

  /// For two tokens H' = p₀ p₁ (z₁ − z₀) by z₀, and the opposite by z₁.
  @Test(arguments: [0, 1], [1, 8, 20, 60, 80] as [Float])
  func `an almost certain token keeps the digits of its small gradient`(target: Int, gap: Float) {
    let rest = exp(-Double(gap)) / (1 + exp(-Double(gap)))
    let slope = 3 * rest * (1 - rest) * Double(gap)
    let got = gradient([gap, 0], target: target, entropyWeight: 3)
    // The exponential is good to 1e-6 of itself, however small.
    #expect(abs(Double(got[0]) + slope) < 2e-6 * slope)
    #expect(abs(Double(got[1]) - slope) < 2e-6 * slope)
    // The same with log π's part: w (onehot − π).
    let both = gradient([gap, 0], target: target, weight: 2, entropyWeight: 3)
    let pull = target == 0 ? 2 * rest : -2 * (1 - rest)
    #expect(abs(Double(both[0]) - (pull - slope)) < 2e-6 * (abs(pull) + slope))
    #expect(abs(Double(both[1]) + (pull - slope)) < 2e-6 * (abs(pull) + slope))
  }

  /// e^-200 is below float32's smallest number, and ±3e38 are further apart than its largest: p log p
  /// is 0, not 0 · ∞.
  @Test(arguments: [0, 1, 17, 39], [100, 1e4, 1e30, 3e38] as [Float])
  func `tokens whose probability underflows add nothing`(target: Int, half: Float) {
    var logits = [Float](repeating: -half, count: 40)
    logits[17] = half
    let got = gradient(logits, target: target, weight: 1, entropyWeight: 5)
    #expect(gradient(logits, target: target, entropyWeight: 5).allSatisfy { $0 == 0 })
    for i in got.indices {
      // All mass on 17: w (onehot − π) alone is left.
      #expect(got[i] == (i == target ? 1 : 0) - (i == 17 ? 1 : 0))
    }
  }

  @Test(arguments: [1, 2, 16, 40])
  func `equal tokens have the most entropy, so no gradient of it`(count: Int) {
    let logits = [Float](repeating: -3, count: count)
    #expect(gradient(logits, target: 0, entropyWeight: 7).allSatisfy { $0 == 0 })
  }

  @Test func `the gradient of the entropy adds up to nothing`() {
    // A constant added to all logits changes no probability.
    let got = gradient(numbers(3000, scale: 9), target: 1000, weight: 0, entropyWeight: 1)
    let size = got.reduce(0) { $0 + abs(Double($1)) }
    // Roundings of each term, and of the spread.
    #expect(size > 0.1 && abs(got.reduce(0) { $0 + Double($1) }) < 1e-6 * size)
  }

  @Test func `without entropy weight the plain loop says the same`() {
    let logits = numbers(37, scale: 6)
    let statistics = tk_score_token(logits, 37, 0.5, 20)
    var plain = logits
    tk_logit_gradient(&plain, 37, 0.5, statistics.maximum, statistics.total, 20, -3)
    let got = gradient(logits, inverseTemperature: 0.5, target: 20, weight: -3, entropyWeight: 0)
    // −3 / total is one rounding there and two here.
    for (x, y) in zip(got, plain) { #expect(abs(x - y) <= 3e-7 * abs(y)) }
  }

  /// Statistics in between: the spread is the entropy less log total.
  @Test func `the spread is the mean distance from the largest logit`() {
    // p = 2/3, 1/3: distances 0 and log 2.
    let got = tk_score_token([log(2), 0], 2, 1, 0)
    #expect(abs(Double(got.spread) - log(2.0) / 3) < 1e-7)
    #expect(abs(Double(got.entropy) - (log(1.5) + log(2.0) / 3)) < 2e-7)
  }
}
