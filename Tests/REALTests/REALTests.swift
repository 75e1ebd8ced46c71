import Foundation
import FulcrumKernel
import ObjectiveTestSupport
import REALPlugin
import Testing

private func makeObjective(_ given: [String: ParameterValue] = [:]) throws -> REALObjective {
  let parameters = try Parameters(given, for: REALObjective.manual.parameters, at: "objective")
  return try REALObjective(parameters, context: ComponentContext())
}

@Suite struct REALTests {
  @Test func `on policy right completions share what wrong ones lose`() throws {
    // Scores 0, so every e is 1. One right: 1/(1 + 1); two wrong: 1/(1 + 2) each. n/τ = 3/0.5 = 6:
    // 3 and -2. Shares of a mean over 3 sequences of their token means: 1/3, 1/6, 1/3.
    var batch = MiniBatch(
      current: [-1, -2, -3, -4], old: [-1, -2, -3, -4], advantages: [2, -1, -1, -1],
      lengths: [1, 2, 1])
    batch.shares = Aggregation.sequenceMeanTokenMean.shares(lengths: batch.lengths, horizon: 1)
    let result = try batch.weighed(by: makeObjective())
    #expect(result.survey == [3, -2, -2, -2])
    #expect(result.weights == [1, Float(-1.0 / 3), Float(-1.0 / 3), Float(-2.0 / 3)])
    // Losses are -w log π.
    #expect(result.losses[0] == 1)
    #expect(result.metrics.mean("real/compared_mean") == 1)
    #expect(result.metrics.mean("policy_ratio/mean") == 1)
  }

  @Test func `a right completion that has sunk is pulled harder, a wrong one less`() throws {
    // Score of the right one: mean of -0.25 and -0.75 = -0.5, e = e^(0.5/τ) = e with τ 0.5;
    // of the wrong one: -0.5, e = e^-1. n/τ = 4.
    let batch = MiniBatch(
      current: [-1.25, -1.75, -1.5], old: [-1, -1, -1], advantages: [1, 1, -1], lengths: [2, 1])
    let survey = try batch.weighed(by: makeObjective()).survey
    // One rounding to Float of values below 4.
    #expect(abs(Double(survey[0]) - 4 * M_E / (1 + M_E)) <= 0x1p-23)
    #expect(survey[0] == survey[1])
    #expect(abs(Double(survey[2]) + 4 / (1 + M_E)) <= 0x1p-23)
  }

  @Test func `groups are apart and one of a single kind says nothing`() throws {
    var batch = MiniBatch(
      current: [-1, -2, -3, -4, -5], old: [-1, -2, -3, -4, -5], advantages: [1, -1, 1, 1, 0],
      lengths: [1, 1, 1, 1, 1])
    batch.setGroups(sizes: [2, 2, 1])
    let result = try batch.weighed(by: makeObjective(["temperature": .number(1)]))
    // Group 1: n/τ = 2, each 1/(1 + 1). Group 2 has no wrong one, group 3 no right one.
    #expect(result.survey == [1, -1, 0, 0, 0])
    #expect(result.metrics.mean("real/compared_mean") == 0.4)
    // An advantage of 0 is wrong where there is a right one.
    batch.setGroups(sizes: [2, 3])
    let joined = try batch.weighed(by: makeObjective(["temperature": .number(1)]))
    #expect(joined.survey == [1, -1, 1, 1, -1.5])
  }

  @Test func `the mean of a completion's advantages is its label`() throws {
    let batch = MiniBatch(
      current: [-1, -1, -1], old: [-1, -1, -1], advantages: [3, -1, -2], lengths: [2, 1])
    #expect(try batch.weighed(by: makeObjective()).survey == [2, 2, -2])
  }

  @Test func `empty and masked completions are in no group`() throws {
    var batch = MiniBatch(
      current: [-1, -1, -9], old: [-1, -1, -1], advantages: [1, -1, -1], lengths: [1, 0, 1, 1])
    batch.shares = [0.5, 0.5, 0.5, 0]
    let result = try batch.weighed(by: makeObjective(["temperature": .number(1)]))
    #expect(result.survey == [1, -1, 0])
    #expect(result.weights == [0.5, -0.5, 0])
    #expect(result.metrics.mean("policy_ratio/mean") == 1)
  }

  @Test func `random batches agree with differences of the paper's loss`() throws {
    let lengths = [7, 2, 13, 1, 20, 9, 3, 4]
    for seed in 1...3 as ClosedRange<UInt64> {
      var batch = MiniBatch.random(seed: seed, lengths: lengths)
      batch.setGroups(sizes: [4, 4])
      batch.shares = Aggregation.sequenceMeanTokenMean.shares(lengths: lengths, horizon: 1)
      let signs: [Float] = [1, -1, -1, 1, -1, 1, -1, -1]
      batch.advantages = zip(signs, lengths).flatMap { Array(repeating: $0, count: $1) }
      let result = try batch.weighed(by: makeObjective(["temperature": .number(0.3)]))
      // The mean over the groups of log(1 + Σ e^(-s/τ)) + log(1 + Σ e^(s/τ)).
      func loss(_ current: [Double]) -> Double {
        let scores = batch.sequences.map { tokens in
          tokens.reduce(0) { $0 + current[$1] - Double(batch.old[$1]) } / Double(tokens.count)
        }
        return [0..<4, 4..<8].reduce(0) { sum, members in
          let right = members.filter { signs[$0] > 0 }.map { exp(-scores[$0] / 0.3) }
          let wrong = members.filter { signs[$0] < 0 }.map { exp(scores[$0] / 0.3) }
          return sum + (log(1 + right.reduce(0, +)) + log(1 + wrong.reduce(0, +))) / 2
        }
      }
      let slopes = negativeSlopes(of: loss, at: batch.current.map(Double.init))
      for token in slopes.indices {
        // Two roundings to Float of values below 4, and 1e-9 for the differences of a loss below 10.
        #expect(abs(Double(result.weights[token]) - slopes[token]) <= 1e-6, "seed \(seed)")
      }
    }
  }

  @Test func `slices that cut groups give the bits of the whole`() throws {
    var batch = MiniBatch.random(seed: 7)
    batch.setGroups(sizes: [3, 3])
    let whole = try batch.weighed(by: makeObjective())
    #expect(whole.survey.contains { $0 > 0 } && whole.survey.contains { $0 < 0 })
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: makeObjective(), slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2],
      lengths: [1, 1, 1, 1])
    // The right one that has sunk and the wrong one that has risen get all: n/τ = 8.
    let result = try far.weighed(by: makeObjective())
    #expect(result.survey == [0, -8, 8, 0])
    #expect(result.losses.allSatisfy { $0.isFinite })
    let broken = MiniBatch(
      current: [.nan, -1, -1], old: [-1, -1, -1], advantages: [1, 1, -1], lengths: [1, 1, 1])
    let marked = try broken.weighed(by: makeObjective())
    #expect(marked.weights[0].isNaN && marked.weights[1].isNaN)
    #expect(marked.weights[2].isFinite)
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = REALObjective.manual
    #expect(manual.parameters.map(\.name) == ["temperature"])
    #expect(manual.parameters.map(\.defaultValue) == [.number(0.5)])
    #expect(manual.formula.hasPrefix("w = (n/τ) e/(1 + sum of e"))
    let objective: any PolicyObjective = try makeObjective()
    #expect(objective.needs == [.oldLogProbabilities])
    #expect(objective is any SurveyingObjective)
    #expect(objective.isTokenwise)
    let registrar = PluginRegistrar()
    fulcrumPluginREAL(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "real")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["real"])
  }

  @Test func `impossible requests are refused in sentences`() throws {
    let none = #expect(throws: FulcrumError.self) {
      try makeObjective(["temperature": .number(0)])
    }
    #expect(
      none?.description == """
        objective.temperature: expected a number in 0.001...1000.0, got 0.0
          hint: τ: scores are divided by it, in nats; the smaller, the sharper
        """)
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let missing = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      missing?.description == """
        real: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
