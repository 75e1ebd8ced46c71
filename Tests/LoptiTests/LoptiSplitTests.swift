import Foundation
import FulcrumKernel
import LoptiPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> Lopti {
  let parameters = try Parameters(given, for: Lopti.manual.parameters, at: "schedule")
  return try Lopti(parameters, context: ComponentContext())
}

/// Two mini-batches of a prompt each, with these probabilities: completions of 1 and 1 tokens, and
/// of 3 and 1.
private let probabilities = [0.1, 0.2, 0.6, 0.8, 0.9, 0.7]
private let ragged = RolloutBatch(
  sequences: SequenceBatch(prompts: [[1], [2]], completions: [[[1], [2]], [[3, 4, 5], [6]]]),
  rewards: [0, 1, 0, 1], isFinished: nil,
  columns: [.oldLogProbabilities: probabilities.map { Float(log($0)) }], step: 1,
  minibatchOffsets: [0, 2, 4])
private let tokens = [0..<2, 2..<6]

private func phases(
  _ given: [String: ParameterValue], of batch: RolloutBatch = ragged
) throws -> [UpdatePhase] {
  let advantages = [Float](repeating: 1, count: batch.sequences.tokenCount)
  return try make(given).phases(for: batch, advantages: advantages.span)
}

/// Each optimiser step in order, as the kernel says of `PhaseNesting`: its phase, its mini-batch
/// and its tokens.
private func steps(_ given: [String: ParameterValue]) throws -> [String] {
  let phases = try phases(given)
  let pairs =
    try make(given).nesting == .phaseByPhase
    ? phases.flatMap { phase in tokens.indices.map { (phase, $0) } }
    : tokens.indices.flatMap { minibatch in phases.map { ($0, minibatch) } }
  return try pairs.map { phase, minibatch in
    let mask = try #require(phase.participates)
    return "\(phase.name)\(minibatch + 1) \(tokens[minibatch].filter { mask[$0] })"
  }
}

@Suite struct LoptiSplitTests {
  @Test func `two mini-batches are updated low, low, high, high as in the paper's code`() throws {
    // AR-Lopti's ray_trainer calls update_actor, which runs through all mini-batches, with the
    // mask and then with its complement.
    #expect(
      try steps([:]) == ["low1 [0, 1]", "low2 []", "high1 []", "high2 [2, 3, 4, 5]"])
    #expect(
      try steps(["eta": .number(0.75)])
        == ["low1 [0, 1]", "low2 [2, 5]", "high1 []", "high2 [3, 4]"])
    #expect(
      try steps(["eta": .number(0.75), "order": .text("high-first")])
        == ["high1 []", "high2 [3, 4]", "low1 [0, 1]", "low2 [2, 5]"])
  }

  @Test func `split per mini-batch they are updated low, high, low, high`() throws {
    #expect(
      try steps(["eta": .number(0.75), "split-per": .text("minibatch")])
        == ["low1 [0, 1]", "high1 []", "low2 [2, 5]", "high2 [3, 4]"])
  }

  @Test func `a quantile splits at torch's, over the whole batch or in each mini-batch`() throws {
    // Sorted .1 .2 .6 .7 .8 .9: place 2.5, half way from .6 to .7.
    #expect(
      try steps(["quantile": .number(0.5)])
        == ["low1 [0, 1]", "low2 [2]", "high1 []", "high2 [3, 4, 5]"])
    // .1 .2: .15; and .6 .7 .8 .9: .75.
    #expect(
      try steps(["quantile": .number(0.5), "split-per": .text("minibatch")])
        == ["low1 [0]", "high1 [1]", "low2 [2, 5]", "high2 [3, 4]"])
    // Place 1.5 of the whole: .4, whichever phase is first.
    #expect(
      try steps(["quantile": .number(0.3), "order": .text("high-first")])
        == ["high1 []", "high2 [2, 3, 4, 5]", "low1 [0, 1]", "low2 []"])
  }

  @Test func `the likeliest token is high at quantile one`() throws {
    let low = try #require(try phases(["quantile": .number(1)]).first?.participates)
    #expect(low == [true, true, true, true, false, true])
  }

  @Test func `a token without a number for its probability is high and undoes a quantile`() throws {
    var column = probabilities.map { Float(log($0)) }
    column[1] = .nan
    let batch = RolloutBatch(
      sequences: ragged.sequences, rewards: [0, 1, 0, 1], isFinished: nil,
      columns: [.oldLogProbabilities: column], step: 1, minibatchOffsets: [0, 2, 4])
    let high = [false, false, false, false, false, false]
    #expect(
      try phases([:], of: batch).first?.participates == [true, false, false, false, false, false])
    #expect(try phases(["quantile": .number(0.5)], of: batch).first?.participates == high)
    // In the other mini-batch there is one.
    #expect(
      try phases(["quantile": .number(0.5), "split-per": .text("minibatch")], of: batch)
        .first?.participates == [false, false, true, false, false, true])
  }

  @Test(arguments: ["batch", "minibatch"])
  func `a quantile of an empty batch gives empty phases`(splitPer: String) throws {
    let empty = RolloutBatch(
      sequences: SequenceBatch(prompts: [], completions: []), rewards: [],
      columns: [.oldLogProbabilities: []])
    #expect(
      try phases(["quantile": .number(0.5), "split-per": .text(splitPer)], of: empty)
        .map(\.participates) == [[], []])
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
}
