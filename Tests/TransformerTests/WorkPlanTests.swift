import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// How work is cut for many threads.
struct WorkPlanTests {
  private let batch = SequenceBatch(
    prompts: [[5, 9, 11], [7, 8], [3, 4, 5, 6]],
    completions: [
      (0..<5).map { Array(repeating: Int32(20 + $0), count: 12 + 3 * $0) },
      [[30, 31]],
      (0..<7).map { Array(repeating: Int32(40 + $0), count: 9) },
    ])

  @Test func `the thread that is done first claims the next item`() {
    let loop = WorkPlan.Loop("x", [3, 3, 2, 2, 2])
    // 3 + 2 + 2 beside 3 + 2.
    #expect(loop.busiest(threads: 2) == 7)
    #expect(loop.busiest(threads: 1) == 12)
    #expect(loop.busiest(threads: 4) == 4)
    #expect(loop.busiest(threads: 64) == 3)
    #expect(WorkPlan.Loop("x", []).busiest(threads: 4) == 0)
  }

  /// The items of each loop that a body runs.
  private func recorded(
    _ policy: TransformerPolicy, _ body: () throws -> Void
  ) rethrows -> [Int] {
    var counts: [Int] = []
    policy.pool.willRun = { counts.append($0) }
    defer { policy.pool.willRun = nil }
    try body()
    return counts
  }

  private func counts(_ plan: WorkPlan) -> [Int] {
    plan.loops.filter { !$0.isAlone }.map(\.items.count)
  }

  @Test(arguments: [1, 3, 16])
  func `the plan of training has the loops that training runs`(_ threads: Int) throws {
    for family in ModelFamily.allCases {
      for limit in [8192, 100] {
        let policy = try Fixtures.variedPolicy(
          family, threads: threads, more: ["microbatch-tokens": .integer(limit)])
        let network = try #require(policy.network)
        // The products' copies are made in a loop before.
        _ = try policy.allScores(batch)
        let got = try recorded(policy) {
          try policy.accumulate(batch, weights: Array(repeating: 1, count: batch.tokenCount))
        }
        let plan = WorkPlan.training(
          network.shape, logitCount: network.tokenRows.end, batch: batch, limit: limit)
        #expect(got == counts(plan), "\(family), \(limit)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 8, 16])
  func `the plan of decoding has the loops that a step runs`(_ threads: Int) throws {
    // Wide enough that activations are shared out, too.
    let policy = try Fixtures.smallPolicy(threads: threads, more: ["hidden-width": .integer(400)])
    let network = try #require(policy.network)
    for samples in [2, 20, 70, 150] {
      let request = GenerationRequest(
        prompts: [.init(tokens: [5, 9], id: 0), .init(tokens: [7, 8], id: 1)],
        samplesPerPrompt: samples, maximumTokens: 2, temperature: 1, seed: 3, step: 1)
      var active = 0
      let got = try recorded(policy) {
        // The tokens of the first step: samples that didn't end take a second.
        var tokens = 0
        _ = try policy.generate(request) { _, _, token in
          tokens += 1
          if tokens <= 2 * samples && !network.shape.endTokens.contains(token) { active += 1 }
        }
      }
      try #require(active == 2 * samples, "an end token was drawn: take another seed")
      let plan = WorkPlan.decoding(
        network.shape, logitCount: network.tokenRows.end, samples: [samples, samples], length: 3,
        threads: threads, backEnd: network.backEnd)
      #expect(Array(got.suffix(counts(plan).count)) == counts(plan), "\(samples)")
    }
  }

  @Test func `a plan's operations are those of the model's products`() throws {
    let policy = try Fixtures.smallPolicy()
    let network = try #require(policy.network)
    // 64 rows and 32 tokens: nothing is padded.
    let batch = SequenceBatch(
      prompts: [Array(repeating: 5, count: 33)], completions: [[Array(repeating: 7, count: 32)]])
    let plan = WorkPlan.training(
      network.shape, logitCount: network.tokenRows.end, batch: batch, limit: 8192)
    let operations = policy.matrixOperations(promptTokens: 33, completionTokens: 32)
    func sum(_ names: Set<String>) -> Double {
      plan.loops.filter { names.contains($0.name) }.flatMap(\.items).reduce(0, +)
    }
    #expect(sum(["rows", "attention", "head"]) == operations)
    // Each product has two in the backward pass, and attention's two have five.
    let attention = sum(["attention"])
    #expect(
      sum(["rows backward", "head backward", "head gradient", "gradients and attention"])
        == 2 * operations + attention / 2)
  }

  /// The figures of Documentation/Benchmarks.md, rounded as there, for 2, 4, … 64 threads.
  @Test func `the busiest thread has the share that the page tells`() {
    typealias Example = WorkPlan.Example
    let rows: [(String, [Double], (Int) -> WorkPlan)] = [
      (
        "fresh, training", [1.01, 1.04, 1.1, 1.41, 2.37, 3.96],
        { _ in Example.small.training(prompts: 7) }
      ),
      (
        "fresh, decoding", [1, 1, 1.89, 3.09, 5.99, 11.77],
        { Example.small.decoding(prompts: 32, threads: $0) }
      ),
      (
        "Qwen, training", [1.01, 1.09, 1.12, 1.63, 2.54, 4.25],
        { _ in Example.qwen.training(prompts: 7) }
      ),
      (
        "Qwen, larger pieces", [1, 1.01, 1.02, 1.2, 1.45, 2.08],
        { Example.qwen.training(prompts: 28, limit: 32_768, logitRows: 32 * $0) }
      ),
      (
        "Qwen, decoding", [1, 1, 1.08, 1.1, 1.38, 2.13],
        { Example.qwen.decoding(prompts: 32, threads: $0) }
      ),
      (
        "Qwen, decoding few", [1.02, 1.05, 1.08, 1.1, 1.38, 2.15],
        { Example.qwen.decoding(prompts: 2, threads: $0) }
      ),
    ]
    for (name, shares, plan) in rows {
      #expect(plan(1).largestShare(threads: 1) == 1, "\(name)")
      for (threads, share) in zip([2, 4, 8, 16, 32, 64], shares) {
        let got = plan(threads).largestShare(threads: threads)
        #expect(abs(got - share) <= 0.005 + 1e-9, "\(name), \(threads) threads: \(got)")
      }
    }
  }
}
