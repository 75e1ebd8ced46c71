import Foundation
import FulcrumKernel
import PolicyTestSupport
import Runs
import Testing
import Training

/// Calls a completion correct if its text has an even number of letters; of an item without an
/// answer it has no score.
private struct Even: RewardFn {
  static let manual = ComponentManual(name: "even", summary: "", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}
  func score(_ sample: RewardSample) -> RewardScore {
    sample.answer.isEmpty
      ? .missing(.refused, reason: "no answer")
      : .scored(1, sample.completion.count.isMultiple(of: 2) ? .correct : .wrong)
  }
}

@Suite struct EvaluatorTests {
  private let policy: BigramPolicy
  private let items = (0..<300).map { index in
    TaskItem(
      id: "\(index)", prompt: ["a", "b", "c"][index % 3], answer: "x",
      category: index % 2 == 0 ? "b" : "a")
  }

  init() throws { policy = try BigramPolicy() }

  private func sampler(samples: Int, temperature: Float = 1) -> RolloutSampler {
    RolloutSampler(
      policy: policy, rewards: [WeightedReward(name: "even", component: Even())],
      samples: samples, maximumTokens: 6, temperature: temperature, seed: 3,
      onFailure: .dropSample)
  }

  private func outcomes(_ sampler: RolloutSampler, _ items: [TaskItem]) throws -> [[Bool]] {
    let rollout = try sampler.collect(items, step: .max)
    return items.indices.map { item in
      rollout.sequences.sequences(ofGroup: item).map { rollout.outcomes[$0] == .correct }
    }
  }

  private func items(k: Int, _ counts: [(correct: Int, count: Int)]) -> SampledItems {
    SampledItems(
      k: k, items: counts.map { Evaluation.Counts(correct: $0.correct, count: $0.count) })
  }

  @Test func `one sample an item is counted as a whole rollout has it`() throws {
    let evaluation = try Evaluator(sampler: sampler(samples: 1), greedy: nil, k: 1).run(items)
    #expect(evaluation.rows.map(\.category) == ["b", "a"])
    let known = try outcomes(sampler(samples: 1), items)
    for (row, parity) in zip(evaluation.rows, 0...1) {
      let own = known.enumerated().filter { $0.offset % 2 == parity }.flatMap(\.element)
      #expect(
        row == .init(category: row.category, correct: own.count { $0 }, count: own.count))
      #expect(row.measures.map(\.kind) == [.accuracy])
      #expect(row.counts.correct > 0 && row.counts.correct < row.counts.count)
    }
  }

  @Test func `several samples give pass@1 and pass@k, and the most likely one beside`() throws {
    var progress: [Int] = []
    let evaluation = try Evaluator(
      sampler: sampler(samples: 4), greedy: sampler(samples: 1, temperature: 0), k: 2
    ).run(items) { progress.append($0) }
    // Batches of 64 items, with 256 completions.
    #expect(progress == [0, 64, 128, 192, 256, 300])
    let sampled = try outcomes(sampler(samples: 4), items)
    let likeliest = try outcomes(sampler(samples: 1, temperature: 0), items)
    for (row, parity) in zip(evaluation.rows, 0...1) {
      let own = sampled.enumerated().filter { $0.offset % 2 == parity }.map(\.element)
      let samples = try #require(row.samples)
      #expect(samples.items == own.map { .init(correct: $0.count { $0 }, count: 4) })
      #expect(row.measures.map(\.kind) == [.passAt(1), .passAt(2), .greedy])
      let shares = own.map { Double($0.count { $0 }) / 4 }
      // Sums of 150 numbers below 1.
      #expect(abs(row.accuracy - shares.reduce(0, +) / 150) < 1e-13)
      // Pairs of four samples: six, each as likely.
      let pairs = own.map { item in
        [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)].count { item[$0.0] || item[$0.1] }
      }
      let expected = Double(pairs.reduce(0, +)) / 900
      #expect(abs((samples.passAtK?.mean ?? .nan) - expected) < 1e-13)
      let greedy = likeliest.enumerated().filter { $0.offset % 2 == parity }.flatMap(\.element)
      #expect(row.greedy == .init(correct: greedy.count { $0 }, count: 150))
    }
  }

  @Test func `completions without a score, and items without one, don't count`() throws {
    let none = TaskItem(id: "none", prompt: "a", answer: "", category: "a")
    let row = try #require(
      try Evaluator(sampler: sampler(samples: 4), greedy: nil, k: 4)
        .run([none] + items.filter { $0.category == "a" }.prefix(3)).rows.first)
    #expect(row.samples?.items.map(\.count) == [0, 4, 4, 4])
    #expect(row.itemCount == 3 && row.counts.count == 12)
    // An item with fewer scores than k has no pass@k, but a share.
    let few = items(k: 3, [(1, 2), (2, 4), (0, 0)])
    #expect(few.itemCount == 2)
    #expect(few.passAt1.mean == 0.5)
    #expect(few.passAtK?.mean == 1)
    #expect(items(k: 1, [(1, 2)]).passAtK == nil)
  }

  @Test func `seeds that are pooled don't make more items`() throws {
    let one = items(k: 2, [(2, 2), (0, 2), (1, 2), (2, 2)])
    let both = try #require(SampledItems.pooled([one, one]))
    #expect(both.itemCount == 4)
    // The same answers once more say nothing new.
    #expect(both.passAt1 == one.passAt1)
    #expect(both.passAtK == one.passAtK)
    let other = items(k: 2, [(0, 2), (0, 2), (1, 2), (2, 2)])
    let mixed = try #require(SampledItems.pooled([one, other]))
    // Means of the items: ½, 0, ½, 1; and ½, 0, 1, 1 of pass@2.
    #expect(mixed.passAt1 == ClusteredShare([0.5, 0, 0.5, 1], draws: 16))
    #expect(mixed.passAtK == ClusteredShare([0.5, 0, 1, 1], draws: 16))
    #expect(SampledItems.pooled([one, items(k: 1, [(1, 2)])]) == nil)
    #expect(SampledItems.pooled([]) == nil)
  }

  @Test func `a table names a share where there are several`() {
    let rows = [
      Evaluation.Row(
        category: "2 people", counts: .init(correct: 4, count: 8),
        samples: items(k: 2, [(1, 2), (2, 2), (0, 2), (1, 2)]),
        greedy: .init(correct: 2, count: 4))
    ]
    let evaluation = Evaluation(rows: rows)
    // pass@1 is worth 8 draws, pass@2 and greedy are 3 and 2 of 4.
    #expect(
      EvaluationTable.text([("before", evaluation), ("after", evaluation)]) == """
        held out   items   share    before (95 % interval)      after (95 % interval)
        2 people   4       pass@1   50.0 % (21.5 % to 78.5 %)   50.0 % (21.5 % to 78.5 %)
                           pass@2   75.0 % (30.1 % to 95.4 %)   75.0 % (30.1 % to 95.4 %)
                           greedy   50.0 % (15.0 % to 85.0 %)   50.0 % (15.0 % to 85.0 %)
        """)
    #expect(
      EvaluationTable.line(evaluation) == "2 people pass@1 50.0 %, pass@2 75.0 %, greedy 50.0 %")
    let plain = Evaluation(rows: [
      .init(category: "a", correct: 1, count: 4), .init(category: "b", correct: 0, count: 4),
    ])
    #expect(EvaluationTable.line(plain) == "a 25.0 %, b 0.0 %")
    #expect(
      EvaluationTable.text([("accuracy", plain)]) == """
        held out   items   accuracy (95 % interval)
        a          4       25.0 % (4.6 % to 69.9 %)
        b          4       0.0 % (0.0 % to 49.0 %)
        """)
  }
}
