import Foundation
import FulcrumKernel
import RandomSplitPlugin
import Testing

private func make(
  _ given: [String: ParameterValue] = [:], seed: UInt64 = 1
) throws -> RandomSplit {
  let parameters = try Parameters(given, for: RandomSplit.manual.parameters, at: "schedule")
  return try RandomSplit(parameters, context: ComponentContext(seed: seed))
}

/// A batch of one-token completions, one prompt for each mini-batch, with these probabilities.
private func batch(_ minibatches: [[Double]], step: UInt32 = 1) -> RolloutBatch {
  let offsets = minibatches.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
  let all = minibatches.flatMap(\.self)
  return RolloutBatch(
    sequences: SequenceBatch(
      prompts: minibatches.map { _ in [1] },
      completions: minibatches.map { $0.map { _ in [2] } }),
    rewards: all.map { _ in 0 }, isFinished: nil,
    columns: [.oldLogProbabilities: all.map { Float(log($0)) }], step: step,
    minibatchOffsets: offsets)
}

private func low(_ split: RandomSplit, _ batch: RolloutBatch) throws -> [Bool] {
  let advantages = [Float](repeating: 1, count: batch.sequences.tokenCount)
  let phases = try split.phases(for: batch, advantages: advantages.span)
  let low = try #require(phases.first { $0.name == "random-low" }?.participates)
  let high = try #require(phases.first { $0.name == "random-high" }?.participates)
  #expect(phases.count == 2)
  #expect(high == low.map { !$0 })
  return low
}

/// Returns the number of tokens of each mini-batch that are drawn.
private func sizes(
  _ minibatches: [[Double]], _ given: [String: ParameterValue], seed: UInt64 = 1
) throws -> [Int] {
  var rest = try low(make(given, seed: seed), batch(minibatches))[...]
  return minibatches.map { minibatch in
    defer { rest = rest.dropFirst(minibatch.count) }
    return rest.prefix(minibatch.count).count { $0 }
  }
}

@Suite struct RandomSplitTests {
  private let ragged = [[0.1, 0.2], [0.6, 0.8, 0.9, 0.7]]

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `each mini-batch's phases are as large as lopti's`(seed: UInt64) throws {
    for splitPer in ["batch", "minibatch"] {
      #expect(
        try sizes(
          ragged, ["eta": .number(0.75), "split-per": .text(splitPer)], seed: seed) == [2, 2])
    }
    // Lopti's tests work these quantiles: .65 of all; .15 and .75 of each.
    #expect(try sizes(ragged, ["quantile": .number(0.5)], seed: seed) == [2, 1])
    #expect(
      try sizes(
        ragged, ["quantile": .number(0.5), "split-per": .text("minibatch")], seed: seed) == [1, 2])
  }

  @Test func `a probability of exactly eta is not counted as low`() throws {
    // exp(0) is exactly 1.
    #expect(try sizes([[1, 1, 0.999]], ["eta": .number(1)]) == [1])
  }

  @Test func `all or no tokens are drawn at the ends`() throws {
    #expect(try sizes(ragged, ["eta": .number(0)]) == [0, 0])
    #expect(try sizes(ragged, ["eta": .number(0.95)]) == [2, 4])
  }

  @Test func `a token without a number for its probability is not counted`() throws {
    #expect(try sizes([[0.1, .nan, 0.1]], [:]) == [2])
    #expect(try sizes([[0.1, .nan, 0.1]], ["quantile": .number(0.9)]) == [0])
  }

  @Test func `every set of two out of four tokens has the same chance`() throws {
    let split = try make()
    var counts: [[Bool]: Int] = [:]
    let steps = 6000
    for step in 1...steps {
      counts[
        try low(split, batch([[0.1, 0.2, 0.8, 0.9]], step: UInt32(step))), default: 0] += 1
    }
    #expect(counts.count == 6)
    // Chi-square with 5 degrees of freedom is above 20.5 once in 1,000 seeds; this seed is fixed.
    let expected = Double(steps) / 6
    let chiSquare = counts.values.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
    #expect(chiSquare < 20.5)
  }

  @Test func `the draw is a function of seed and step alone`() throws {
    let probabilities = [(1...64).map { Double($0) / 65 }]
    let split = try make(seed: 7)
    let first = try low(split, batch(probabilities, step: 1))
    let second = try low(split, batch(probabilities, step: 2))
    #expect(first != second)
    // A resumed run has a new instance, and asks for step 2 first.
    #expect(try low(make(seed: 7), batch(probabilities, step: 2)) == second)
    #expect(try low(split, batch(probabilities, step: 1)) == first)
    #expect(try low(make(seed: 8), batch(probabilities, step: 1)) != first)
    // The order of phases doesn't change who is in them.
    #expect(
      try low(make(["order": .text("high-first")], seed: 7), batch(probabilities, step: 1))
        == first)
  }

  @Test func `phases come in the configured order and nesting`() throws {
    let advantages = [Float](repeating: 1, count: 6)
    let lowFirst = try make().phases(for: batch(ragged), advantages: advantages.span)
    #expect(lowFirst.map(\.name) == ["random-low", "random-high"])
    let highFirst = try make(["order": .text("high-first")]).phases(
      for: batch(ragged), advantages: advantages.span)
    #expect(highFirst.map(\.name) == ["random-high", "random-low"])
    #expect(try make().nesting == .phaseByPhase)
    #expect(try make(["split-per": .text("minibatch")]).nesting == .minibatchByMinibatch)
    #expect(try make().passes == 1)
    #expect(try make().needs == [.oldLogProbabilities])
  }

  @Test(arguments: ["batch", "minibatch"])
  func `an empty batch and one of a single token are split too`(splitPer: String) throws {
    let split = try make(["split-per": .text(splitPer)])
    let empty = RolloutBatch(
      sequences: SequenceBatch(prompts: [], completions: []), rewards: [],
      columns: [.oldLogProbabilities: []])
    #expect(try low(split, empty) == [])
    #expect(try low(split, batch([[0.1]])) == [true])
    #expect(try low(split, batch([[0.9]])) == [false])
  }

  @Test func `eta and quantile together are refused`() {
    let error = #expect(throws: FulcrumError.self) {
      try make(["eta": .number(0.4), "quantile": .number(0.3)])
    }
    #expect(
      error?.description == """
        schedule.quantile: expected either eta or quantile, got eta 0.4 and quantile 0.3
          hint: leave out 'eta' to split off a share of the tokens, 'quantile' to split at a\
         probability
        """)
  }

  @Test func `a batch without old log-probabilities is refused`() throws {
    let split = try make()
    let bare = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[2]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      let advantages: [Float] = [1]
      _ = try split.phases(for: bare, advantages: advantages.span)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the parameters are lopti's, with its defaults`() {
    // Lopti's tests pin the same defaults; a control with others would be none.
    #expect(
      Dictionary(
        uniqueKeysWithValues: RandomSplit.manual.parameters.map { ($0.name, $0.defaultValue) })
        == [
          "eta": .number(0.5), "order": .text("low-first"), "quantile": .number(0),
          "split-per": .text("batch"),
        ])
  }

  @Test func `the entry function registers one update scheduler`() {
    let registrar = PluginRegistrar()
    fulcrumPluginRandomSplit(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "random-split")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.updateScheduler])
    #expect(registrar.components.map(\.manual.name) == ["random-split"])
    #expect(registrar.failure == nil)
  }
}
