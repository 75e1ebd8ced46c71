import Foundation
import FulcrumKernel
import STAPOPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> SpuriousTokenMask {
  let parameters = try Parameters(
    given, for: SpuriousTokenMask.manual.parameters, at: "advantage[1]")
  return try SpuriousTokenMask(parameters, context: ComponentContext())
}

/// A token: its advantage, its probability and the entropy at its place.
private struct Token {
  let advantage: Float
  let probability: Double
  let entropy: Float

  init(_ advantage: Float, _ probability: Double, _ entropy: Float) {
    self.advantage = advantage
    self.probability = probability
    self.entropy = entropy
  }
}

private func batch(_ tokens: [Token]) -> RolloutBatch {
  RolloutBatch(
    sequences: SequenceBatch(prompts: [[1]], completions: [[tokens.map { _ in 7 }]]), rewards: [1],
    columns: [
      .oldLogProbabilities: tokens.map { Float(log($0.probability)) },
      .entropies: tokens.map(\.entropy),
    ])
}

private func masked(
  _ tokens: [Token], _ given: [String: ParameterValue] = [:]
) throws -> (advantages: [Float], metrics: MetricSums) {
  var result = tokens.map(\.advantage)
  var span = result.mutableSpan
  var metrics = MetricSums()
  let given = given.merging(["probability": .number(0.1)]) { old, _ in old }
  try make(given).transform(&span, of: batch(tokens), metrics: &metrics)
  return (result, metrics)
}

private let half: [String: ParameterValue] = ["entropy-quantile": .number(0.5)]

@Suite struct SpuriousTokenMaskTests {
  @Test func `of three unlikely tokens the one of lowest entropy is silenced`() throws {
    // The median of 1, 2 and 3 is 2, and only 1 is below; six tokens over the five that are left.
    let result = try masked(
      [
        Token(1, 0.05, 2), Token(1, 0.9, 0), Token(1, 0.05, 1), Token(-1, 0.5, 0),
        Token(1, 0.05, 3), Token(-5, 0.5, 0),
      ], half)
    let factor: Float = 1.2
    #expect(result.advantages == [factor, factor, 0, -factor, factor, -6])
    #expect(result.metrics.mean("stapo/unlikely_share") == 0.5)
    #expect(result.metrics.mean("stapo/silenced_share") == 1.0 / 6)
  }

  @Test func `a negative advantage, a likely token and a place of high entropy are kept`() throws {
    let tokens = [
      Token(-1, 0.01, 0), Token(1, 0.5, 0), Token(1, 0.01, 5), Token(0, 0.01, 0),
      Token(1, 0.01, 1),
    ]
    // Of the two unlikely ones with A > 0 the quantile 0.75 is 1 + 0.75 · 4 = 4.
    let result = try masked(tokens, ["renormalised": .flag(false)])
    #expect(result.advantages == [-1, 1, 1, 0, 0])
  }

  @Test func `tokens on either threshold are kept`() throws {
    // Probability one half of threshold one half: e^Float(log 0.5) is exactly that.
    let tokens = [Token(1, 0.5, 0), Token(1, 0.25, 2), Token(1, 0.25, 2), Token(1, 0.25, 7)]
    let result = try masked(tokens, half.merging(["probability": .number(0.5)]) { $1 })
    #expect(result.advantages == [1, 1, 1, 1])
  }

  @Test func `one unlikely token alone is never silenced`() throws {
    for quantile in [0, 0.75, 1] {
      let result = try masked(
        [Token(1, 0.01, 0), Token(1, 0.9, 3)], ["entropy-quantile": .number(quantile)])
      #expect(result.advantages == [1, 1])
    }
  }

  @Test func `the quantile can be of all tokens`() throws {
    // Of 0, 1, 2, 3, 4 the median is 2: the unlikely ones of entropy 0 and 1 are below.
    let tokens = [
      Token(3, 0.01, 0), Token(3, 0.01, 1), Token(3, 0.01, 4), Token(3, 0.9, 3), Token(-3, 0.9, 2),
    ]
    let result = try masked(tokens, half.merging(["quantile-of": .text("all")]) { $1 })
    // 5 tokens, 3 left; 3 · 5/3 = 5, within Double's rounding.
    #expect(result.advantages == [0, 0, 5, 5, -5])
  }

  @Test func `without unlikely tokens nothing changes by a bit`() throws {
    let tokens = [Token(0.1, 0.9, 0), Token(-0.7, 0.01, .nan)]
    #expect(try masked(tokens).advantages == [0.1, -0.7])
  }

  @Test func `a batch without tokens is passed over`() throws {
    let result = try masked([])
    #expect(result.advantages.isEmpty)
    #expect(result.metrics.entries.isEmpty)
  }

  @Test func `an entropy that is not a number is named and nothing is changed`() throws {
    let tokens = [Token(1, 0.01, 1), Token(2, 0.01, .nan)]
    var advantages = tokens.map(\.advantage)
    let transform = try make(["probability": .number(0.1)])
    let error = #expect(throws: FulcrumError.self) {
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch(tokens))
    }
    #expect(error?.code == .notFinite)
    #expect(
      error?.description == """
        expected entropies, got one that is not a number
          hint: the policy's logits are damaged; look at the steps before this one
        """)
    #expect(advantages == [1, 2])
  }

  @Test func `the defaults are the paper's fourth version's`() throws {
    #expect(
      SpuriousTokenMask.manual.parameters.map(\.defaultValue)
        == [.number(0.002), .number(0.75), .text("unlikely"), .flag(true)])
    #expect(try make().needs == [.oldLogProbabilities, .entropies])
    #expect(SpuriousTokenMask.manual.formula.hasPrefix("A ← 0 where A > 0, p < τ"))
  }

  @Test func `a quantile above one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["entropy-quantile": .number(75)]) }
    #expect(
      error?.description == """
        advantage[1].entropy-quantile: expected a number in 0.0...1.0, got 75.0
          hint: q: the share of entropies, of those quantile-of says, that are low
        """)
  }

  @Test func `a batch without old-log-probabilities is refused`() throws {
    let transform = try make()
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginSTAPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "stapo")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["stapo"])
    #expect(registrar.failure == nil)
  }
}
