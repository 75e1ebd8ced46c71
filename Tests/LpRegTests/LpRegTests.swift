import Foundation
import FulcrumKernel
import LpRegPlugin
import ObjectiveTestSupport
import Testing

func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> LpRegObjective {
  let parameters = try Parameters(given, for: LpRegObjective.manual.parameters, at: "objective")
  return try LpRegObjective(parameters, context: ComponentContext())
}

extension MiniBatch {
  /// With the two columns that the proxy is made of.
  func withProxy(mass: [Float], top: [Float], at threshold: Float = 0.02) -> MiniBatch {
    var copy = self
    copy.further = [.massAbove(threshold): mass, .topProbabilities: top]
    return copy
  }
}

@Suite struct LpRegTests {
  /// Four wrong tokens and a right one. Of the wrong ones the first two are the least likely.
  ///
  /// log p = -3 throughout; kept where the largest probability is 0.5, for 0.05 is above 0.02 · 0.5,
  /// and not where the threshold is 0.2.
  private let batch = MiniBatch(
    current: [-4, -3.5, -3, -3, -4.5], old: [-3, -3, -3, -3, -3], advantages: [-1, -1, -1, -1, 1]
  ).withProxy(mass: [0.5, 0.5, 0.5, 0.5, 0.5], top: [0.5, 0.5, 0.5, 0.5, 0.5])
  private let half: [String: ParameterValue] = ["share": .number(0.5)]

  @Test func `the least likely wrong tokens are pulled up to the proxy`() throws {
    let result = try batch.weighed(by: makeObjective(half))
    #expect(result.survey == [1, 1, 0, 0, 0])
    // The proxy has p/0.5: x = 1 + log 2 for the first, so e^x = 2e, and 0.5 + log 2 for the second.
    // w = (r A + e^x - 1) / 5.
    let pull = [2 * M_E - 1, 2 * exp(0.5) - 1]
    for (token, push) in [-exp(-1.0), -exp(-0.5)].enumerated() {
      // One rounding to Float of values below 1.
      #expect(abs(Double(result.weights[token]) - (push + pull[token]) / 5) <= 0x1p-24)
      let x = [1, 0.5][token] + log(2.0)
      #expect(abs(Double(result.losses[token]) + (push - (pull[token] - x)) / 5) <= 0x1p-24)
    }
    // The others: r A, with r = 1, 1 and e^-1.5.
    #expect(result.weights[2...3] == [Float(-0.2), Float(-0.2)])
    #expect(abs(Double(result.weights[4]) - exp(-1.5) / 5) <= 0x1p-26)
    #expect(result.metrics.mean("lp_reg/held_mean") == 0.4)
  }

  @Test func `the coefficient is the price`() throws {
    let double = try batch.weighed(
      by: makeObjective(["share": .number(0.5), "coefficient": .number(2)]))
    #expect(abs(Double(double.weights[0]) - (-exp(-1.0) + 2 * (2 * M_E - 1)) / 5) <= 0x1p-23)
    let free = try batch.weighed(
      by: makeObjective(["share": .number(0.5), "coefficient": .number(0)]))
    #expect(abs(Double(free.weights[0]) + exp(-1.0) / 5) <= 0x1p-26)
  }

  @Test func `a token that the cut leaves out is noise and is not held`() throws {
    let other = batch.withProxy(
      mass: [0.5, 0.5, 0.5, 0.5, 0.5], top: [0.5, 0.5, 0.5, 0.5, 0.5], at: 0.2)
    let result = try other.weighed(
      by: makeObjective(["share": .number(0.5), "min-p": .number(0.2)]))
    // 0.2 · 0.5 = 0.1 is above e^-3 = 0.05.
    #expect(abs(Double(result.weights[0]) + exp(-1.0) / 5) <= 0x1p-26)
    #expect(result.metrics.mean("lp_reg/held_mean") == 0)
  }

  @Test func `the most likely token is kept at a threshold of 1, whatever its columns' rounding`()
    throws
  {
    for logProbability in [-0.1, -0.3, -0.7, -1.3] as [Float] {
      let top = exp(logProbability)
      let batch = MiniBatch(
        current: [-5, -5], old: [logProbability, logProbability], advantages: [-1, -1]
      ).withProxy(mass: [top, top], top: [top, top], at: 1)
      let result = try batch.weighed(by: makeObjective(["share": .number(1), "min-p": .number(1)]))
      #expect(result.metrics.mean("lp_reg/held_mean") == 1)
    }
  }

  @Test func `a token that is likelier than the proxy is not held`() throws {
    var batch = batch
    // log q = -3 + log 2 = -2.31: both are above it.
    batch.current = [-2.25, -2.25, -1, -1, -1]
    let result = try batch.weighed(by: makeObjective(half))
    #expect(result.survey == [1, 1, 0, 0, 0])
    #expect(result.metrics.mean("lp_reg/held_mean") == 0)
    // e^0.75 = 2.1 is within 1 + 9.
    #expect(abs(Double(result.weights[0]) + exp(0.75) / 5) <= 0x1p-25)
  }

  @Test func `a divergence above 10 has no slope`() throws {
    // log q = -3 + log 2; x = 3 + log 2 for π of -6: e^x - x - 1 = 40.2 - 3.7 - 1 = 35.5.
    var batch = batch
    batch.current = [-6, -6, -3, -3, -3]
    let result = try batch.weighed(by: makeObjective(half))
    // w = r A = -e^-3 alone; the loss has the 10.
    #expect(abs(Double(result.weights[0]) + exp(-3.0) / 5) <= 0x1p-28)
    #expect(abs(Double(result.losses[0]) - (exp(-3.0) + 10) / 5) <= 0x1p-23)
  }

  @Test func `fewer than two tokens are none`() throws {
    // Four wrong ones: a share of 0.49 is 1.96, one token, and that is none.
    let one = try batch.weighed(by: makeObjective(["share": .number(0.49)]))
    #expect(one.survey == [0, 0, 0, 0, 0])
    let none = try batch.weighed(by: makeObjective(["share": .number(0)]))
    #expect(none.survey == [0, 0, 0, 0, 0])
    let all = try batch.weighed(by: makeObjective(["share": .number(1)]))
    #expect(all.survey == [1, 1, 1, 1, 0])
  }

  @Test func `of equal tokens the first are chosen, and masked sequences have none`() throws {
    var batch = batch
    batch.current = [-3, -3, -3, -3, -3]
    #expect(try batch.weighed(by: makeObjective(half)).survey == [1, 1, 0, 0, 0])
    batch.offsets = [0, 1, 5]
    batch.shares = [0, 0.25]
    let result = try batch.weighed(by: makeObjective(["share": .number(0.7)]))
    #expect(result.survey == [0, 1, 1, 0, 0])
    #expect(result.weights[0] == 0)
    #expect(result.metrics.mean("lp_reg/held_mean") == 0.5)
    #expect(result.metrics.mean("policy_ratio/mean") == 1)
  }

  @Test func `tokens that are not held are clipped`() throws {
    let batch = MiniBatch(current: [-1, -1, -2], old: [-2, -2, -1], advantages: [1, -1, -1])
      .withProxy(mass: [1, 1, 1], top: [0.5, 0.5, 0.5])
    // r = e, e and 1/e: the first is above 1.28, the third below 0.8.
    let result = try batch.weighed(
      by: makeObjective(["clip-low": .number(0.2), "clip-high": .number(0.28)]))
    #expect(result.weights[0] == 0 && result.weights[2] == 0)
    #expect(abs(Double(result.weights[1]) + M_E / 3) <= 0x1p-25)
    #expect(result.metrics.mean("clip_ratio/region_mean") == 2.0 / 3)
    let open = try batch.weighed(by: makeObjective())
    #expect(open.weights.allSatisfy { $0 != 0 })
  }
}
