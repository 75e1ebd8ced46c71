import EntropyBonusPlugin
import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> EntropyBonus {
  let parameters = try Parameters(given, for: EntropyBonus.manual.parameters, at: "objective[1]")
  return try EntropyBonus(parameters, context: ComponentContext())
}

@Suite struct EntropyBonusTests {
  @Test func `every token's entropy has the coefficient's share for a weight`() throws {
    var batch = MiniBatch(
      current: [-1, -1, -1, -1], old: [], advantages: [1, 1, 1, 1], lengths: [1, 3])
    batch.entropies = [2, 0, 1, 4]
    // N = 4: v = 0.5 / 4 and a loss of -v H.
    let result = try batch.weighed(by: makeObjective(["coefficient": .number(0.5)]))
    #expect(result.entropyWeights == [0.125, 0.125, 0.125, 0.125])
    #expect(result.losses == [-0.25, 0, -0.125, -0.5])
    #expect(result.weights == [0, 0, 0, 0])
    #expect(result.metrics.entries.isEmpty)
  }

  @Test(arguments: Aggregation.allCases, [0.01, -2])
  func `the weight is minus the slope of the loss over the entropy`(
    aggregation: Aggregation, coefficient: Double
  ) throws {
    var batch = MiniBatch.random(seed: 3)
    batch.shares = aggregation.shares(lengths: batch.lengths, horizon: 32)
    let result = try batch.weighed(by: makeObjective(["coefficient": .number(coefficient)]))
    let entropies = try #require(batch.entropies).map(Double.init)
    let shares = batch.tokenShares
    func losses(_ entropies: [Double]) -> [Double] {
      zip(shares, entropies).map { -coefficient * $0 * $1 }
    }
    let slopes = negativeSlopes(of: { losses($0).reduce(0, +) }, at: entropies)
    for token in entropies.indices {
      // One rounding to Float, and 1e-9 for the differences of a loss below 30.
      #expect(abs(Double(result.entropyWeights[token]) - slopes[token]) <= 1e-7)
      // One rounding to Float of values below 2.
      #expect(abs(Double(result.losses[token]) - losses(entropies)[token]) <= 0x1p-24)
    }
    #expect(result.weights.allSatisfy { $0 == 0 })
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 9)
    let objective = try makeObjective(["coefficient": .number(0.3)])
    let whole = try batch.weighed(by: objective)
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: objective, slices: cut)
      #expect(parts.entropyWeights == whole.entropyWeights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `a masked sequence gets no bonus and hides its entropy`() throws {
    var batch = MiniBatch(current: [-1, -1], old: [], advantages: [0, 0], lengths: [1, 1])
    batch.entropies = [.nan, 2]
    batch.shares = [0, 1]
    let result = try batch.weighed(by: makeObjective(["coefficient": .number(1)]))
    #expect(result.entropyWeights == [0, 1])
    #expect(result.losses == [0, -2])
  }

  @Test func `a policy without entropies is refused`() throws {
    var batch = MiniBatch(current: [-1, -1], old: [], advantages: [0, 0])
    batch.entropies = []
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        entropy-bonus: expected 2 entropies, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    #expect(EntropyBonus.manual.parameters.map(\.name) == ["coefficient"])
    #expect(EntropyBonus.manual.parameters.map(\.defaultValue) == [.number(0.001)])
    #expect(try makeObjective().needs.isEmpty)
    #expect(try makeObjective() is any EntropyObjective)
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["coefficient": .number(11)])
    }
    #expect(error?.message == "expected a number in -10.0...10.0, got 11.0")
    let registrar = PluginRegistrar()
    fulcrumPluginEntropyBonus(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "entropy-bonus")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["entropy-bonus"])
  }
}
