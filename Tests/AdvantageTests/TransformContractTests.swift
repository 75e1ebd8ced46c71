import FulcrumKernel
import Testing

/// Tests every advantage transform's contract, with every option that changes its path.
@Suite struct TransformContractTests {
  static let links = [
    Link(name: "grpo"),
    Link(name: "grpo", parameters: ["scale": .text("batch")]),
    Link(name: "grpo", parameters: ["scale": .text("none")]),
    Link(name: "dr-grpo"),
    Link(name: "rloo"),
    Link(name: "reinforce-plus-plus"),
    Link(name: "reinforce-plus-plus", parameters: ["baseline": .text("group")]),
    Link(name: "kl-penalty", parameters: ["beta": .number(0.25)]),
    Link(name: "kl-penalty", parameters: ["beta": .number(10), "estimator": .text("k3")]),
    Link(name: "kl-penalty", parameters: ["clamp": .flag(true), "estimator": .text("k2")]),
    Link(name: "advantage-reweighting"),
    Link(name: "advantage-reweighting", parameters: ["probability": .text("rollout")]),
    Link(
      name: "advantage-reweighting",
      parameters: ["probability": .text("reference"), "negative-only": .flag(true)]),
    Link(
      name: "advantage-reweighting",
      parameters: ["alpha": .number(1), "mean-normalised": .flag(true)]),
    Link(name: "entropy-top"),
    Link(name: "rollout-correction"),
    Link(
      name: "rollout-correction",
      parameters: [
        "level": .text("sequence"), "mode": .text("mask"), "lower": .number(0.5),
        "upper": .number(3), "veto": .number(0.1), "mean-normalised": .flag(true),
      ]),
    Link(
      name: "rollout-correction",
      parameters: ["level": .text("sequence-mean"), "mode": .text("reject")]),
    Link(name: "token-filter", parameters: ["from": .number(0.25), "to": .number(1)]),
    Link(name: "advantage-reweighting", parameters: ["alpha": .number(-1)]),
    Link(name: "tr-grpo"),
    Link(
      name: "tr-grpo",
      parameters: [
        "alpha": .number(3), "tau": .number(0.5), "mu": .number(0.5), "lower": .number(0.25),
        "upper": .number(1.25), "mean-normalised": .flag(true),
      ]),
    Link(name: "tr-grpo", parameters: ["form": .text("centred-sigmoid")]),
    Link(name: "tr-grpo", parameters: ["form": .text("linear"), "alpha": .number(1)]),
    Link(name: "tr-grpo", parameters: ["form": .text("power"), "alpha": .number(0.5)]),
    Link(name: "tr-grpo", parameters: ["form": .text("inverse"), "alpha": .number(0.1)]),
    Link(name: "tr-grpo", parameters: ["form": .text("middle"), "alpha": .number(0)]),
    Link(name: "a3po"),
    Link(
      name: "a3po",
      parameters: [
        "positive-factor": .number(1), "negative-factor": .number(5), "decay": .number(0),
      ]),
    Link(name: "positive-weight"),
    Link(
      name: "positive-weight",
      parameters: [
        "positive": .number(2), "negative": .number(0.5), "values": .text("outcome"),
        "rise-after": .integer(0), "rise-steps": .integer(2),
      ]),
    Link(name: "quantile-baseline"),
    Link(
      name: "quantile-baseline",
      parameters: [
        "quantile": .number(0.9), "definition": .text("linear"), "scale": .text("none"),
      ]),
    Link(
      name: "stapo",
      parameters: ["probability": .number(0.3), "entropy-quantile": .number(0.5)]),
    Link(
      name: "stapo",
      parameters: [
        "probability": .number(0.9), "quantile-of": .text("all"), "renormalised": .flag(false),
      ]),
    Link(name: "random-weights", parameters: ["spread": .number(1)]),
  ]

  @Test func `every transform is here, and each parameter away from its default at least once`()
    throws
  {
    #expect(Set(Self.links.map(\.name)) == Link.allNames)
    for name in Link.allNames {
      let given = Set(Self.links.filter { $0.name == name }.flatMap(\.parameters.keys))
      let parameters = try #require(Link.manual(of: name)).parameters.map(\.name)
      // Only numbers whose every value takes the same path are left out.
      #expect(
        Set(parameters).subtracting(given).isSubset(of: ["deviation-floor", "share"]), "\(name)")
    }
  }

  @Test(arguments: links)
  func `an empty batch and empty completions stay empty`(link: Link) throws {
    for lengths in [[], [[]], [[0]], [[0, 0], [], [0]]] as [[[Int]]] {
      let batch = TestBatch(lengths: lengths, seed: 1).whole
      #expect(try advantages(of: batch, by: [link]).isEmpty, "lengths \(lengths)")
    }
  }

  @Test(arguments: links)
  func `one sample of one token gets a finite advantage`(link: Link) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let batch = TestBatch(lengths: [[1]], seed: seed).whole
      let result = try advantages(of: batch, by: [link])
      #expect(result.count == 1)
      #expect(result.allSatisfy { $0.isFinite }, "seed \(seed)")
    }
  }

  @Test(arguments: links)
  func `a ragged batch gets a finite advantage for each token, not all of them zero`(
    link: Link
  ) throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      let batch = TestBatch(lengths: TestBatch.ragged, seed: seed).whole
      let result = try advantages(of: batch, by: [link])
      #expect(result.count == batch.sequences.tokenCount)
      #expect(result.allSatisfy { $0.isFinite }, "seed \(seed)")
      #expect(result.contains { $0 != 0 }, "seed \(seed)")
    }
  }

  @Test(arguments: links)
  func `the greatest and least numbers that a batch can hold give finite advantages`(
    link: Link
  ) throws {
    let greatest = Float.greatestFiniteMagnitude
    // Of impossible, unlikely and certain tokens; of none and the largest entropy.
    let logs: [Float] = [-greatest, -1000, -80, -.leastNonzeroMagnitude, 0, 0]
    let batch = RolloutBatch(
      sequences: SequenceBatch(
        prompts: [[1], [1], [1]], completions: [[[5, 6], [7]], [[8], [9]], [[4]]]),
      rewards: [greatest, -greatest, .leastNonzeroMagnitude, 0, -greatest],
      columns: [
        .oldLogProbabilities: logs, .rolloutLogProbabilities: logs,
        .referenceLogProbabilities: logs.reversed(),
        .entropies: [0, 20, 0, .leastNonzeroMagnitude, greatest, 3],
      ])
    #expect(try advantages(of: batch, by: [link]).allSatisfy { $0.isFinite })
  }

  @Test(arguments: links)
  func `the same batch gives the same bits again, from one instance or two`(link: Link) throws {
    let batch = TestBatch(lengths: TestBatch.ragged, seed: 5).whole
    let transform = try link.make()
    let first = try advantages(of: batch, by: [link])
    // Another batch in between leaves no trace.
    for other in [TestBatch(lengths: [[2, 3]], seed: 6).whole, batch] {
      var again = (0..<other.sequences.sequenceCount).flatMap { sequence in
        other.sequences.tokens(ofSequence: sequence).map { _ in other.rewards[sequence] }
      }
      var span = again.mutableSpan
      try transform.transform(&span, of: other)
      if other.sequences.tokenCount == first.count {
        #expect(again.map(\.bitPattern) == first.map(\.bitPattern))
      }
    }
  }

  @Test(arguments: links)
  func `the order of prompts changes nothing but places`(link: Link) throws {
    let made = TestBatch(lengths: TestBatch.ragged, seed: 9)
    let straight = made.split(try advantages(of: made.whole, by: [link]))
    let turned = made.reversed
    let back = turned.split(try advantages(of: turned.whole, by: [link]))
    for (one, other) in zip(straight.joined(), back.reversed().joined()) {
      // What is of the whole batch is summed in another order, in Double: a rounding to Float may
      // turn. Half an ulp either way makes one.
      #expect(abs(one - other) <= max(one.ulp, other.ulp))
    }
  }

  @Test(arguments: links)
  func `what a transform says that it needs is all that it reads`(link: Link) throws {
    let batch = TestBatch(lengths: TestBatch.ragged, seed: 3)
    let needs = try link.make().needs
    let all = try advantages(of: batch.whole, by: [link])
    let alone = try advantages(of: batch.batch(with: needs), by: [link])
    #expect(all.map(\.bitPattern) == alone.map(\.bitPattern))
    for missing in needs {
      let error = #expect(throws: FulcrumError.self) {
        _ = try advantages(of: batch.batch(with: needs.subtracting([missing])), by: [link])
      }
      #expect(error?.message == "column \(missing.name) was not computed")
    }
  }
}
