import Foundation
import KLPenaltyPlugin
import Testing

private let allKinds = KLEstimator.Kind.allCases

@Suite struct KLEstimatorTests {
  @Test func `each kind has its formula`() {
    // x = -2 is exact, and so are k1 and k2; k3 = e^-2 + 1 to a unit of the last place.
    let values = allKinds.map { KLEstimator($0, isClamped: false).estimate(logRatio: -2).value }
    #expect(values[0] == 2)
    #expect(values[1] == 2)
    #expect(abs(values[2] - 1.135335283236613) < 1e-15)
  }

  @Test func `where the policies agree the estimate is zero and only k1 has a slope`() {
    let estimates = allKinds.map { KLEstimator($0, isClamped: true).estimate(logRatio: 0) }
    #expect(estimates.map(\.value) == [0, 0, 0])
    #expect(estimates.map(\.pull) == [-1, 0, 0])
  }

  @Test(arguments: allKinds, [true, false])
  func `the pull is minus the slope in log pi`(kind: KLEstimator.Kind, isClamped: Bool) {
    let estimator = KLEstimator(kind, isClamped: isClamped)
    let reference = -1.25
    let step = 1e-5
    func value(_ logProbability: Double) -> Double {
      estimator.estimate(logRatio: reference - logProbability).value
    }
    // Both limits' edges (x = ±5; 2.61 for k3 and 4.47 for k2) lie between the grid's points.
    for tenth in stride(from: -79.5, through: 79.5, by: 1) {
      let x = tenth / 10
      let logProbability = reference - x
      let slope = (value(logProbability + step) - value(logProbability - step)) / (2 * step)
      let pull = estimator.estimate(logRatio: x).pull
      // Central differences err by step²/6 of the third derivative, at most e^8 = 2981: 5e-8; and
      // by rounding, 2981 · 2^-53 / step = 3e-8.
      #expect(abs(pull + slope) < 2e-7, "\(kind) at x = \(x)")
    }
  }

  @Test func `the clamp holds the log ratio in five and then the estimate in ten`() {
    let k1 = KLEstimator(.k1, isClamped: true)
    let k2 = KLEstimator(.k2, isClamped: true)
    let k3 = KLEstimator(.k3, isClamped: true)
    #expect(k1.estimate(logRatio: -8) == (5, 0))
    #expect(k1.estimate(logRatio: 8) == (-5, 0))
    // 4² / 2 = 8 is below ten, 5² / 2 is not.
    #expect(k2.estimate(logRatio: 4) == (8, 4))
    #expect(k2.estimate(logRatio: -5) == (10, 0))
    // e^2.7 - 3.7 = 11.2; from below k3 is flat at e^-5 + 4.
    #expect(k3.estimate(logRatio: 2.7) == (10, 0))
    let low = k3.estimate(logRatio: -300)
    #expect(abs(low.value - 4.006737946999085) < 1e-14)
    #expect(low.pull == 0)
  }

  @Test func `on the edge of the clamp there is still a slope`() {
    #expect(KLEstimator(.k1, isClamped: true).estimate(logRatio: 5) == (-5, -1))
    let edge = KLEstimator(.k3, isClamped: true).estimate(logRatio: -5)
    #expect(abs(edge.pull - (-0.9932620530009145)) < 1e-15)
  }

  @Test(arguments: [1e-3, 1e-6, 1e-9])
  func `near zero k3 keeps its digits`(x: Double) {
    // The series x²/2 + x³/6; the next term is below x²/12 of the first, 1e-7 relative at most.
    // What is left of e^x - x - 1 after rounding is off by 2^-53 absolute: 1e-16 / (x²/2).
    let series = x * x / 2 + x * x * x / 6
    let value = KLEstimator(.k3, isClamped: false).estimate(logRatio: x).value
    #expect(abs(value - series) <= series * 1e-7 + x * 0x1p-52)
  }

  @Test(arguments: allKinds, [true, false])
  func `what is not a number stays so`(kind: KLEstimator.Kind, isClamped: Bool) {
    let estimate = KLEstimator(kind, isClamped: isClamped).estimate(logRatio: .nan)
    #expect(estimate.value.isNaN)
    #expect(estimate.pull.isNaN)
  }

  @Test(arguments: allKinds, [1e6, -1e6])
  func `huge log ratios give finite estimates`(kind: KLEstimator.Kind, x: Double) {
    let estimate = KLEstimator(kind, isClamped: false).estimate(logRatio: x)
    #expect(estimate.value.isFinite)
    #expect(estimate.pull.isFinite)
  }
}
