import Foundation
import FulcrumKernel
import LpRegPlugin
import ObjectiveTestSupport
import Testing

@Suite struct LpRegRobustnessTests {
  private func random(seed: UInt64, drift: ClosedRange<Double> = -1.5...1) -> MiniBatch {
    let batch = MiniBatch.random(seed: seed, drift: drift)
    var numbers = SeededNumbers(seed: seed + 100)
    return batch.withProxy(
      mass: batch.old.map { _ in numbers.number(in: 0.7...1) },
      top: batch.old.map { max(exp($0), numbers.number(in: 0.2...0.9)) }, at: 0.03)
  }

  private let settings: [String: ParameterValue] = [
    "share": .number(0.5), "min-p": .number(0.03), "coefficient": .number(0.7),
    "clip-low": .number(0.3), "clip-high": .number(0.4),
  ]

  @Test(arguments: Aggregation.allCases)
  func `random batches agree with differences of the oracle`(aggregation: Aggregation) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = random(seed: seed)
      batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
      let result = try batch.weighed(by: makeObjective(settings))
      let here = batch.current.map(Double.init)
      let old = batch.old.map(Double.init)
      let wrong = here.indices.filter { batch.advantages[$0] < 0 }.sorted { here[$0] < here[$1] }
      let chosen = Set(wrong.prefix(wrong.count / 2))
      let masses = try #require(batch.further[.massAbove(0.03)])
      let tops = try #require(batch.further[.topProbabilities])
      // log of the renormalised distribution; a token that is cut has none.
      let proxies = here.indices.map { token in
        exp(old[token]) >= Double(Float(0.03)) * Double(tops[token])
          ? old[token] - log(Double(masses[token])) : -.infinity
      }
      let held = chosen.filter { here[$0] < proxies[$0] }
      #expect(held.count > 3 && held.count < chosen.count)
      let mean = try #require(result.metrics.mean("lp_reg/held_mean"))
      #expect(abs(mean * Double(here.count) - Double(held.count)) < 1e-9)
      let shares = batch.tokenShares
      func losses(_ current: [Double]) -> [Double] {
        current.indices.map { token in
          let ratio = exp(current[token] - old[token])
          let advantage = Double(batch.advantages[token])
          if held.contains(token) {
            let x = proxies[token] - current[token]
            return shares[token] * (-advantage * ratio + 0.7 * min(exp(x) - x - 1, 10))
          }
          return shares[token]
            * max(-advantage * ratio, -advantage * min(max(ratio, 0.7), 1.4))
        }
      }
      let slopes = negativeSlopes(of: { losses($0).reduce(0, +) }, at: here)
      for token in here.indices {
        // One rounding to Float, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 2e-6, "seed \(seed)")
        #expect(abs(Double(result.losses[token]) - losses(here)[token]) <= 1e-6, "seed \(seed)")
      }
    }
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = random(seed: 7)
    let whole = try batch.weighed(by: makeObjective(settings))
    #expect(whole.survey.contains(1))
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: makeObjective(settings), slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2]
    ).withProxy(mass: [1, 1, 1, 1], top: [1, 1, 1, 1])
    let result = try far.weighed(by: makeObjective(["share": .number(1)]))
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    let broken = MiniBatch(current: [.nan, -1], old: [-1, -1], advantages: [-1, 5])
      .withProxy(mass: [1, 1], top: [1, 1])
    #expect(try broken.weighed(by: makeObjective()).weights[0].isNaN)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = LpRegObjective.manual
    #expect(
      manual.parameters.map(\.name) == ["clip-low", "clip-high", "share", "min-p", "coefficient"])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(1), .number(9), .number(0.01), .number(0.02), .number(1),
      ])
    #expect(manual.formula.hasPrefix("w = r A + c (q/π - 1) where A < 0"))
    let objective: any PolicyObjective = try makeObjective(["min-p": .number(0.25)])
    #expect(objective.needs == [.oldLogProbabilities, .topProbabilities, .massAbove(0.25)])
    #expect(objective is any SurveyingObjective)
    #expect(objective.isTokenwise)
    let registrar = PluginRegistrar()
    fulcrumPluginLpReg(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "lp-reg")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["lp-reg"])
  }

  @Test func `missing columns are refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let old = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      old?.description == """
        lp-reg: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
    let bare = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [1, 1])
    let mass = #expect(throws: FulcrumError.self) { try bare.weighed(by: makeObjective()) }
    #expect(
      mass?.description == """
        column top-probability was not computed
          hint: name it in the component's 'needs'
        """)
  }
}
