import FulcrumKernel
import PluginTesting
import SimKOPlugin
import TestSupport
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> SimKOObjective {
  let parameters = try Parameters(given, for: SimKOObjective.manual.parameters, at: "objective")
  return try SimKOObjective(parameters, context: ComponentContext())
}

/// Tokens whose numbers beside log π are given: entropies, ranks, two candidates' log π.
private func batch(
  current: [Float], old: [Float], advantages: [Float], entropies: [Float], ranks: [Float],
  lengths: [Int]? = nil, top: Int = 2, logs: [Float]? = nil
) -> ObjectiveMinibatch {
  var batch = ObjectiveMinibatch(
    current: current, old: old, advantages: advantages, lengths: lengths)
  batch.entropies = entropies
  batch.columns = [
    Column(.current, .rank): ranks,
    Column(.current, .topTokens(top)): current.indices.flatMap { _ in (0..<top).map { Float($0) } },
    Column(.current, .topLogProbabilities(top)): logs
      ?? current.indices.flatMap { _ in (0..<top).map { -Float($0 + 1) } },
  ]
  return batch
}

@Suite struct SimKOTests {
  private let settings: [String: ParameterValue] = [
    "top": .integer(2), "alpha": .number(0.25), "penalty": .number(1.5), "quantile": .number(0.5),
  ]

  @Test func `a right answer's push at a fork is shared with the likeliest tokens`() throws {
    // The median of 0, 1 and 2 is 1: the third alone is a fork. Shares are 1/3, all ratios 1.
    let result = try batch(
      current: [-1, -1, -1], old: [-1, -1, -1], advantages: [2, 2, 2], entropies: [0, 1, 2],
      ranks: [0, 0, 5]
    ).weighed(by: make(settings))
    #expect(result.weights == [2 / 3, 2 / 3, 0.5])
    let each = Float(0.25 * 2 / 2 / 3.0)
    #expect(result.candidateWeights == [0, 0, 0, 0, each, each])
    #expect(result.losses == [-2 / 3, -2 / 3, -0.5])
    // Their log π are −1 and −2.
    #expect(result.candidateLosses == [0, 0, 3 * each])
  }

  @Test func `a wrong answer's likeliest token is pushed harder at a fork`() throws {
    // Both of the last two are forks; the last is not the likeliest token. Shares are 1/4.
    let result = try batch(
      current: [-1, -1, -1, -1], old: [-1, -1, -1, -1], advantages: [-2, -2, -2, -2],
      entropies: [0, 1, 2, 2], ranks: [0, 0, 0, 1]
    ).weighed(by: make(settings))
    #expect(result.weights == [-0.5, -0.5, -0.75, -0.5])
    #expect(result.candidateWeights.allSatisfy { $0 == 0 })
  }

  @Test func `outside the clip neither the token nor the candidates get a gradient`() throws {
    // r = e^0.5 = 1.65 is above 1.2; the losses stay at the clip: the halves of 1.2 and of 0.75 · 1.2.
    let result = try batch(
      current: [-0.5, -0.5], old: [-1, -1], advantages: [1, 1], entropies: [0, 2], ranks: [1, 1]
    ).weighed(by: make(settings))
    #expect(result.weights == [0, 0])
    #expect(result.candidateWeights == [0, 0, 0, 0])
    #expect(abs(result.loss + 1.05) <= 1.05 * 0x1p-22)
  }

  @Test func `quantiles are each sequence's own, and an empty sequence has none`() throws {
    let result = try batch(
      current: [-1, -1, -1, -1], old: [-1, -1, -1, -1], advantages: [1, 1, 1, 1],
      entropies: [5, 6, 0, 1], ranks: [0, 0, 0, 0], lengths: [2, 0, 2]
    ).weighed(by: make(settings))
    #expect(result.weights == [0.25, 0.1875, 0.25, 0.1875])
  }

  @Test func `without alpha and penalty it is the clipped surrogate`() throws {
    let plain: [String: ParameterValue] = ["alpha": .number(0), "penalty": .number(1)]
    let random = ObjectiveMinibatch.random(seed: 4)
    let result = try random.keeping(make(plain).needs).weighed(by: make(plain))
    for (token, weight) in result.weights.enumerated() {
      let ratio = exp(Double(random.current[token]) - Double(random.old[token]))
      let advantage = Double(random.advantages[token])
      let isCut = advantage > 0 ? ratio > 1.2 : ratio < 0.8
      let expected = isCut ? 0 : ratio * advantage / Double(random.tokenCount)
      // One rounding to Float.
      #expect(abs(Double(weight) - expected) <= 0x1p-24 * abs(expected))
    }
    #expect(result.candidateWeights.allSatisfy { $0 == 0 })
  }

  private struct Golden: Decodable {
    struct Case: Decodable {
      let alpha, quantile, clip, clipped: Double
      let slopes: [Double]
      let candidateSlopes: [[Double]]

      enum CodingKeys: String, CodingKey {
        case alpha, quantile, clip, clipped, slopes
        case candidateSlopes = "candidate-slopes"
      }
    }

    let lengths: [Int]
    let advantages, current, old, entropies, ranks: [Float]
    let top: [[Float]]
    let cases: [Case]

    enum CodingKeys: String, CodingKey {
      case lengths, advantages, entropies, ranks, cases
      case current = "log-probabilities"
      case old = "old-log-probabilities"
      case top = "top-log-probabilities"
    }
  }

  @Test func `slopes are those of the authors' code`() throws {
    let golden = try GoldenFile.read(Golden.self, "simko")
    let batch = batch(
      current: golden.current, old: golden.old, advantages: golden.advantages,
      entropies: golden.entropies, ranks: golden.ranks, lengths: golden.lengths, top: 3,
      logs: golden.top.flatMap(\.self))
    #expect(golden.cases.count == 2)
    for expected in golden.cases {
      let result = try batch.weighed(
        by: make([
          "alpha": .number(expected.alpha), "quantile": .number(expected.quantile),
          "clip-low": .number(expected.clip), "clip-high": .number(expected.clip),
        ]))
      // One rounding to Float each; theirs has 1e-8 in a denominator.
      #expect(result.metrics.mean("clip_ratio/region_mean") == expected.clipped)
      for (weight, slope) in zip(result.weights, expected.slopes) {
        #expect(abs(Double(weight) - slope) <= 1e-7 * abs(slope))
      }
      let slopes = expected.candidateSlopes.flatMap(\.self)
      #expect(slopes.count == result.candidateWeights.count)
      #expect(slopes.contains { $0 != 0 })
      for (weight, slope) in zip(result.candidateWeights, slopes) {
        #expect(abs(Double(weight) - slope) <= 1e-7 * abs(slope))
      }
    }
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let parameters = SimKOObjective.manual.parameters
    #expect(
      parameters.map(\.name) == ["clip-low", "clip-high", "top", "alpha", "penalty", "quantile"])
    #expect(try make().candidateCount == 3)
    #expect(try make(settings).needs.contains(Column(.current, .topTokens(2))))
    #expect(try !make().isTokenwise)
    let registrar = PluginRegistrar()
    fulcrumPluginSimKO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "simko")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
  }

  @Test func `no candidate at all is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["top": .integer(0)]) }
    #expect(
      error?.description == """
        objective.top: expected a whole number in 1...256, got 0
          hint: K: how many likely tokens share a push
        """)
  }
}
