import Files
import Foundation
import FulcrumKernel
import PolicyTestSupport
import Runs
import Testing
import Training

/// Gives scores in the order of a script: a number, or an outcome without one.
private final class Scripted: RewardFn, @unchecked Sendable {
  static let manual = ComponentManual(name: "scripted", summary: "", source: "tests")
  var script: [RewardScore] = []

  init(_ parameters: Parameters, context: ComponentContext) {}
  init(_ script: [RewardScore]) { self.script = script }

  func score(_ sample: RewardSample) -> RewardScore { script[0] }
  func score(_ samples: [RewardSample]) -> [RewardScore] { samples.indices.map { script[$0] } }
}

private func value(_ reward: Double) -> RewardScore {
  .scored(reward, .correct)
}

private func none(_ outcome: RewardOutcome) -> RewardScore {
  .missing(outcome, reason: "too long")
}

/// Numbered prompts.
private struct Numbered: TaskSource {
  static let manual = ComponentManual(name: "numbered", summary: "", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}
  func trainingItem(_ index: Int) -> TaskItem {
    TaskItem(id: "item \(index)", prompt: "a", answer: "", category: "all")
  }
  func heldOutItems(perCategory count: Int) -> [TaskItem] { [] }
}

@Suite struct MissingScoreTests {
  /// Three groups of three: the first loses one, the second two, the third none.
  private let script = [
    value(1), none(.timeOut), value(2), none(.error), value(3), none(.refused), value(4), value(5),
    value(6),
  ]

  private func sampler(_ rule: MissingScoreRule, _ reward: Scripted) throws -> RolloutSampler {
    RolloutSampler(
      policy: try BigramPolicy(), rewards: [WeightedReward(name: "scripted", component: reward)],
      samples: 3, maximumTokens: 2, temperature: 1, seed: 3, onFailure: rule)
  }

  private func source(_ sampler: RolloutSampler) -> SampledRollouts {
    SampledRollouts(
      sampler: sampler, order: TaskOrder(task: Numbered(), seed: 1), promptsPerStep: 3,
      maximumRefills: nil)
  }

  private func collect(_ rule: MissingScoreRule) throws -> CollectedRollout {
    var source = source(try sampler(rule, Scripted(script)))
    return try source.next(step: 1)
  }

  @Test func `a dropped sample leaves its group, and a group of one leaves too`() throws {
    let collected = try collect(.dropSample)
    #expect(collected.rollout.rewards == [1, 2, 4, 5, 6])
    #expect(collected.rollout.items.map(\.id) == ["item 0", "item 2"])
    #expect(collected.places == [0, 2, 6, 7, 8])
    let (kept, whole) = (collected.rollout, collected.whole)
    #expect(whole.completions.count == 9)
    #expect(kept.completions == collected.places.map { whole.completions[$0] })
    #expect(kept.sequences.sequences(ofGroup: 0) == 0..<2)
    #expect(kept.logProbabilities.count == kept.sequences.tokenCount)
    for (sequence, place) in collected.places.enumerated() {
      let (own, theirs) = (
        kept.sequences.tokens(ofSequence: sequence), whole.sequences.tokens(ofSequence: place)
      )
      #expect(Array(kept.logProbabilities[own]) == Array(whole.logProbabilities[theirs]))
    }
    // (1 + 2 + 3 + 4 + 5 + 6) / 6.
    #expect(collected.sampledReward == 3.5)
  }

  @Test func `a dropped group leaves whole, and all of it is counted`() throws {
    let collected = try collect(.dropGroup)
    #expect(collected.rollout.rewards == [4, 5, 6])
    #expect(collected.places == [6, 7, 8])
    var metrics = Metrics()
    metrics.describe(collected, rewardNames: ["scripted"])
    #expect(metrics["reward"] == 5)
    #expect(metrics["accuracy"] == 1)
    #expect(metrics["rewards/scripted/mean"] == 5)
    #expect(metrics["rewards/scripted/outcomes/value"] == 6)
    #expect(metrics["rewards/scripted/outcomes/refused"] == 1)
    #expect(metrics["rewards/scripted/outcomes/error"] == 1)
    #expect(metrics["rewards/scripted/outcomes/time-out"] == 1)
    #expect(metrics["outcomes/correct"] == 6)
    #expect(metrics["outcomes/time-out"] == 1)
    #expect(metrics["sampling/dropped_samples"] == 6)
    #expect(metrics["sampling/dropped_groups"] == 2)
    #expect(metrics["sampling/refills"] == nil)
  }

  @Test func `the rule to stop names the completion, the outcome and the reason`() throws {
    let error = #expect(throws: FulcrumError.self) { try collect(.stop) }
    #expect(
      error?.description == """
        reward scripted: expected a score for every completion, got none for completion 2 of \
        'item 0', outcome 'time-out': too long
          hint: 'rollout.on-failure: drop-sample' or 'drop-group' goes on without; 'fulcrum reward \
        score' tries a reward function on the texts of a file
        """)
  }

  @Test func `a score that is not finite is a fault under every rule`() throws {
    for (reward, outcome) in [
      (Double.nan, RewardOutcome.correct), (.infinity, .error), (-.infinity, .timeOut),
    ] {
      let bad = RewardScore.scored(reward, outcome)
      let sampler = try sampler(
        .dropSample, Scripted(Array(repeating: bad, count: 9)))
      let error = #expect(throws: FulcrumError.self) {
        try sampler.collect([Numbered().trainingItem(0)], step: 1)
      }
      #expect(error?.code == .pluginFault)
      #expect(
        error?.description
          == "reward scripted: expected a finite reward, got \(reward) for completion 1 of 3, an"
          + " answer to 'item 0'")
    }
  }

  /// As `Float` the first is infinite; squares of the second are.
  @Test(arguments: [1e300, -1e30])
  func `a score that is too large to train on is named with its completion`(
    _ reward: Double
  ) throws {
    let scores = [1, 0, reward].map { RewardScore.scored($0, .correct) }
    let error = #expect(throws: FulcrumError.self) {
      try sampler(.stop, Scripted(scores)).collect([Numbered().trainingItem(0)], step: 1)
    }
    #expect(error?.code == .pluginFault)
    #expect(
      error?.description
        == "reward scripted: expected a reward of at most 1e18 in size, got \(reward) for"
        + " completion 3 of 3, an answer to 'item 0'")
  }

  @Test func `metrics of rewards are over the completions that stay`() throws {
    // The first group keeps two equal rewards, the second leaves, the third keeps all.
    let script = [
      value(0.1), none(.timeOut), value(0.1), none(.error), value(3), none(.refused), value(4),
      value(5), value(6),
    ]
    var source = source(try sampler(.dropSample, Scripted(script)))
    var metrics = Metrics()
    metrics.describe(try source.next(step: 1), rewardNames: ["scripted"])
    #expect(metrics["frac_reward_zero_std"] == 0.5)
    // Deviations of 0 and of 4, 5, 6, which is 1.
    #expect(metrics["reward_std"] == 0.5)
    // A Float holds 0.1 within 2e-9.
    let mean = 15.2 / 5
    #expect(abs((metrics["reward"] ?? .nan) - mean) < 1e-8)
    #expect(metrics["accuracy"] == 1)
    // All that were sampled count here.
    #expect(metrics["outcomes/correct"] == 6)
    #expect(metrics["sampling/dropped_samples"] == 4)
  }

  @Test func `a weight counts for a score's size`() throws {
    let sample = RewardSample(prompt: "", completion: "", answer: "")
    func scores(_ value: Double, weight: Double) throws -> Int {
      try WeightedReward(
        name: "scripted", component: Scripted([.scored(value, .correct)]), weight: weight
      ).scores(of: [sample]).count
    }
    #expect(try scores(1e18, weight: 1) == 1)
    #expect(try scores(1e30, weight: -1e-12) == 1)
    let error = #expect(throws: FulcrumError.self) { try scores(2e10, weight: -1e8) }
    #expect(
      error?.description
        == "reward scripted: expected a reward of at most 1e18 in size with its weight of"
        + " -100000000.0, got 20000000000.0 for completion 1 of 1")
  }

  @Test func `a completion without a score has an outcome that says so`() throws {
    let bad = RewardScore.missing(.correct, reason: "none")
    let sampler = try sampler(.dropSample, Scripted(Array(repeating: bad, count: 9)))
    let error = #expect(throws: FulcrumError.self) {
      try sampler.collect([Numbered().trainingItem(0)], step: 1)
    }
    #expect(
      error?.description
        == "reward scripted: expected one of refused, error, time-out as the outcome of a completion"
        + " without a score, got 'correct'")
  }

  @Test func `a step of which nothing is left fails and consumes nothing`() throws {
    var source = source(
      try sampler(.dropSample, Scripted(Array(repeating: none(.refused), count: 9))))
    let error = #expect(throws: FulcrumError.self) { try source.next(step: 1) }
    #expect(
      error?.description == """
        rollout.on-failure: expected a group of completions with scores, got none: 9 of 9 \
        completions have none; the first: completion 1 of 'item 0', outcome 'refused': too long
          hint: 'fulcrum reward score' tries a reward function on the texts of a file
        """)
    #expect(source.consumedItems == 0)
  }

  @Test func `without failures a rule to drop changes nothing`() throws {
    let scores = (0..<9).map { value(Double($0)) }
    var dropping = source(try sampler(.dropSample, Scripted(scores)))
    var stopping = source(try sampler(.stop, Scripted(scores)))
    let (one, two) = (try dropping.next(step: 1), try stopping.next(step: 1))
    #expect(one.rollout.rewards == two.rollout.rewards)
    #expect(one.rollout.logProbabilities == two.rollout.logProbabilities)
    #expect(one.rollout.completions == two.rollout.completions)
    #expect(two.tally == nil)
  }

  @Test func `a replay drops what was dropped, though it has a score by now`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/missing-\(UUID().uuidString)"
    try SafeFiles.makeFolder(folder)
    defer { try? SafeFiles.remove(folder) }
    let collected = try collect(.dropSample)
    try RolloutRecord.write(
      collected, step: 1, temperature: 1, consumed: 3,
      to: RolloutRecord.path(step: 1, in: folder))
    let patient = Scripted(script.map { $0.isMissing ? value(9) : $0 })
    var recorded = RecordedRollouts(
      folder: folder, judge: try sampler(.dropSample, patient), promptsPerStep: 3)
    let read = try recorded.next(step: 1)
    #expect(read.rollout.rewards == collected.rollout.rewards)
    #expect(read.rollout.logProbabilities == collected.rollout.logProbabilities)
    #expect(read.places == collected.places)
    #expect(read.whole.outcomes == collected.whole.outcomes)
    // Who would rather have all of them judged anew says so by the rule.
    var anew = RecordedRollouts(
      folder: folder, judge: try sampler(.stop, patient), promptsPerStep: 3)
    #expect(try anew.next(step: 1).rollout.rewards == [1, 9, 2, 9, 3, 9, 4, 5, 6])
  }
}
