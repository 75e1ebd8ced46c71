import Foundation
import FulcrumKernel
import JSON
import PolicyTestSupport
import Runs
import Testing
import Training

/// Judges by a completion's first letter, which a closure maps to an outcome.
private struct Rule: RewardFn {
  static let manual = ComponentManual(name: "rule", summary: "", source: "tests")
  private let outcome: @Sendable (RewardSample) -> RewardScore
  init(_ parameters: Parameters, context: ComponentContext) {
    outcome = { _ in .scored(0, .wrong) }
  }
  init(_ outcome: @escaping @Sendable (RewardSample) -> RewardScore) { self.outcome = outcome }
  func score(_ sample: RewardSample) -> RewardScore { outcome(sample) }
}

/// What an evaluation says by each of several reward functions.
@Suite struct RewardVerdictTests {
  private let policy: BigramPolicy
  private let items = (0..<60).map { index in
    TaskItem(
      id: "\(index)", prompt: ["a", "b", "c"][index % 3], answer: "x",
      category: index % 2 == 0 ? "b" : "a")
  }

  init() throws { policy = try BigramPolicy() }

  private func reward(
    _ name: String, label: String? = nil,
    _ outcome: @escaping @Sendable (RewardSample) -> RewardScore
  ) -> WeightedReward {
    WeightedReward(name: name, component: Rule(outcome), label: label)
  }

  private func even(_ name: String) -> WeightedReward {
    reward(name) { .scored(1, $0.completion.count.isMultiple(of: 2) ? .correct : .wrong) }
  }

  private func short(_ name: String, label: String? = nil) -> WeightedReward {
    reward(name, label: label) { .scored(1, $0.completion.count < 3 ? .correct : .unparseable) }
  }

  private func sampler(_ rewards: [WeightedReward], samples: Int, temperature: Float = 1)
    -> RolloutSampler
  {
    RolloutSampler(
      policy: policy, rewards: rewards, samples: samples, maximumTokens: 6,
      temperature: temperature, seed: 3, onFailure: .dropSample)
  }

  private func evaluation(_ rewards: [WeightedReward], samples: Int = 4) throws -> Evaluation {
    try Evaluator(
      sampler: sampler(rewards, samples: samples),
      greedy: samples > 1 ? sampler(rewards, samples: 1, temperature: 0) : nil, k: 2
    ).run(items)
  }

  @Test func `each reward function judges the same completions`() throws {
    let both = try evaluation([even("rule"), short("rule")])
    let first = try evaluation([even("rule")])
    let second = try evaluation([short("rule")])
    for (place, row) in both.rows.enumerated() {
      #expect(row.verdict == first.rows[place].verdict)
      #expect(row.rewards.map(\.key) == ["rule-2"])
      #expect(row.rewards.map(\.verdict) == [second.rows[place].verdict])
      #expect(row.verdict != second.rows[place].verdict)
      #expect(
        row.measures.map(\.kind.name) == [
          "pass@1", "pass@2", "greedy", "rule-2 pass@1", "rule-2 pass@2", "rule-2 greedy",
        ])
      #expect(row.measures.map(\.kind.reward) == [nil, nil, nil, "rule-2", "rule-2", "rule-2"])
      #expect(row.measures.map(\.kind.share)[3...] == [.passAt(1), .passAt(2), .greedy])
    }
    #expect(first.rows.allSatisfy { $0.rewards.isEmpty })
  }

  @Test func `a label names a reward, and one that tells no right from wrong is left out`() throws {
    let length = reward("length") { .scored(0, RewardOutcome(rawValue: "\($0.completion.count)")) }
    let silent = reward("silent") { _ in .missing(.refused, reason: "none") }
    // No completion fits its form: a judge all the same, with nothing right.
    let strict = reward("strict") { _ in .scored(0, .badFormat) }
    let rewards = [even("rule"), length, short("rule", label: "short one"), silent, strict]
    let rows = try evaluation(rewards, samples: 1).rows
    #expect(rows.allSatisfy { $0.rewards.map(\.key) == ["short one", "strict"] })
    #expect(
      rows[0].measures.map(\.kind.name)
        == ["accuracy", "short one accuracy", "strict accuracy"])
    #expect(rows[0].rewards[1].verdict == .init(counts: .init(correct: 0, count: 30)))
    // The first is the table's, whatever it says.
    #expect(try evaluation([length, even("rule")]).rows[0].rewards.map(\.key) == ["rule"])
  }

  @Test func `a completion is counted by those that could score it`() throws {
    let half = reward("half") {
      $0.completion.count < 3 ? .missing(.refused, reason: "short") : .scored(1, .correct)
    }
    let counts = try evaluation([even("rule"), half], samples: 1).rows[0]
    #expect(counts.counts.count == 30)
    let own = counts.rewards[0].verdict.counts
    #expect(own.correct == own.count && own.count > 0 && own.count < 30)
  }

  @Test func `each temperature's samples are those of an evaluation at it`() throws {
    let rewards = [even("rule"), short("rule")]
    let both = try Evaluator(
      sampler: sampler(rewards, samples: 4),
      others: [(0.5, sampler(rewards, samples: 4, temperature: 0.5))],
      greedy: sampler(rewards, samples: 1, temperature: 0), k: 2
    ).run(items)
    let main = try evaluation(rewards)
    let other = try Evaluator(
      sampler: sampler(rewards, samples: 4, temperature: 0.5), greedy: nil, k: 2
    ).run(items)
    for (place, row) in both.rows.enumerated() {
      #expect(
        row.measures.map(\.kind.name) == [
          "pass@1", "pass@2", "greedy", "pass@1 at 0.5", "pass@2 at 0.5", "rule-2 pass@1",
          "rule-2 pass@2", "rule-2 greedy", "rule-2 pass@1 at 0.5", "rule-2 pass@2 at 0.5",
        ])
      #expect(row.measures[0...2].map(\.mean) == main.rows[place].measures[0...2].map(\.mean))
      #expect(row.verdict.temperatures.map(\.key) == [0.5])
      #expect(row.verdict.temperatures.map(\.verdict) == [other.rows[place].verdict])
      #expect(
        row.rewards[0].verdict.temperatures.map(\.verdict)
          == other.rows[place].rewards.map(\.verdict))
      #expect(row.measures.map(\.kind.temperature)[7...9] == [nil, 0.5, 0.5])
      #expect(row.measures[9].kind.share == .passAt(2) && row.measures[9].kind.reward == "rule-2")
      #expect(row.verdict.temperatures[0].verdict.accuracy != row.accuracy)
    }
    let text = both.line(step: 1).text
    let record = try JSONDecoder().decode(EvaluationRecord.self, from: Data(text.utf8))
    #expect(record.evaluation.rows.map(\.verdict) == both.rows.map(\.verdict).reversed())
    let damaged = text.replacing("\"0.5\"", with: "\"warm\"")
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(EvaluationRecord.self, from: Data(damaged.utf8))
    }
  }

  /// Four items with two samples each by the first function, four with one each by the second.
  private func row(_ correct: Int) -> Evaluation.Row {
    let items = [(1, 2), (2, 2), (0, 2), (1, 2)].map {
      Evaluation.Counts(correct: $0, count: $1)
    }
    return .init(
      category: "2 people",
      verdict: .init(
        counts: .init(correct: 4, count: 8), samples: SampledItems(k: 2, items: items),
        greedy: .init(correct: 2, count: 4)),
      rewards: [
        .init("first attempt", .init(counts: .init(correct: correct, count: 4)))
      ])
  }

  @Test func `a table and a line name the reward of a share`() {
    let (before, after) = (Evaluation(rows: [row(2)]), Evaluation(rows: [row(3)]))
    #expect(
      EvaluationTable.text([("before", before), ("after", after)]) == """
        held out   items   share                    before (95 % interval)      after (95 % interval)
        2 people   4       pass@1                   50.0 % (21.5 % to 78.5 %)   50.0 % (21.5 % to 78.5 %)
                           pass@2                   75.0 % (30.1 % to 95.4 %)   75.0 % (30.1 % to 95.4 %)
                           greedy                   50.0 % (15.0 % to 85.0 %)   50.0 % (15.0 % to 85.0 %)
                           first attempt accuracy   50.0 % (15.0 % to 85.0 %)   75.0 % (30.1 % to 95.4 %)
        """)
    #expect(
      EvaluationTable.line(after)
        == "2 people pass@1 50.0 %, pass@2 75.0 %, greedy 50.0 %, first attempt accuracy 75.0 %")
  }

  @Test func `a table has what only one of its columns has`() {
    let plain = Evaluation(rows: [.init(category: "2 people", correct: 1, count: 4)])
    let both = Evaluation(rows: [
      .init(
        category: "2 people", verdict: .init(counts: .init(correct: 1, count: 4)),
        rewards: [.init("b", .init(counts: .init(correct: 2, count: 4)))])
    ])
    #expect(
      EvaluationTable.text([("before", plain), ("after", both)]) == """
        held out   items   share        before (95 % interval)     after (95 % interval)
        2 people   4       accuracy     25.0 % (4.6 % to 69.9 %)   25.0 % (4.6 % to 69.9 %)
                           b accuracy                              50.0 % (15.0 % to 85.0 %)
        """)
  }

  @Test func `a category's entry has the other rewards' within it`() throws {
    let evaluation = Evaluation(rows: [row(3)])
    let text = evaluation.line(step: 5).text
    let own = Statistics.wilson(successes: 3, count: 4)
    #expect(
      text.hasSuffix(
        ", \"rewards\": {\"first attempt\": {\"correct\": 3, \"count\": 4, \"accuracy\": 0.75,"
          + " \"low\": \(own.lowerBound), \"high\": \(own.upperBound)}}}}"))
    let record = try JSONDecoder().decode(EvaluationRecord.self, from: Data(text.utf8))
    #expect(record == EvaluationRecord(step: 5, evaluation: evaluation))
    let damaged = """
      {"step": 5, "a": {"correct": 4, "count": 8, "rewards": {"b": {"correct": 4, "count": 8, "k": 2,
       "item_correct": [3], "item_count": [2]}}}}
      """
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(EvaluationRecord.self, from: Data(damaged.utf8))
    }
  }

  @Test func `seeds' verdicts are pooled by the reward's name`() throws {
    let pooled = try #require(Evaluation.Row.pooled([row(1), row(3)]))
    #expect(pooled.rewards.map(\.key) == ["first attempt"])
    #expect(pooled.rewards[0].verdict.counts == .init(correct: 4, count: 8))
    #expect(pooled.greedy == .init(correct: 4, count: 8))
  }
}
