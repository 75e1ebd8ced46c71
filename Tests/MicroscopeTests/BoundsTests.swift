import Foundation
import Microscope
import Testing

/// Levers worked out by hand, of vocabularies of two and three tokens.
@Suite struct BoundsTests {
  private func bounds(_ tokens: [(probability: Double, lever: Double)]) -> LeverBounds {
    var bounds = LeverBounds(vocabulary: 3)
    for (probability, lever) in tokens {
      bounds.add(logProbability: Float(log(probability)), lever: Float(lever))
    }
    return bounds
  }

  @Test func `equal others lie on the lower bound, a single other on the upper`() {
    let found = bounds([(0.5, 0.375.squareRoot()), (0.5, 0.5.squareRoot())])
    #expect(found.violations == 0)
    #expect(abs(found.minimum - 1.5.squareRoot()) < 1e-6)
    #expect(abs(found.maximum - 2.0.squareRoot()) < 1e-6)
    #expect(abs(found.lower - 1.5.squareRoot()) < 1e-12)
    #expect(found.histogram.first == 1)
    #expect(found.histogram.last == 1)
    #expect(found.histogram.reduce(0, +) == 2)
  }

  @Test func `levers beyond a bound are counted`() {
    let found = bounds([(0.5, 0.6), (0.5, 0.72), (0.5, .nan), (0.5, 0.65)])
    #expect(found.tokens == 4)
    #expect(found.violations == 3)
    #expect(abs(found.minimum - 1.2) < 1e-6)
    #expect(abs(found.maximum - 1.44) < 1e-6)
  }

  @Test func `rounding near certainty is no violation, and no ratio`() {
    let found = bounds([(1, 0), (1, 9e-6), (0.9999999, 0)])
    #expect(found.violations == 0)
    #expect(found.minimum.isNaN)
    #expect(found.histogram.reduce(0, +) == 0)
    #expect(bounds([(1, 2e-5)]).violations == 1)
  }
}
