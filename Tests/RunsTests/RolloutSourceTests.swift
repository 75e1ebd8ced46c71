import Files
import Foundation
import FulcrumKernel
import PolicyTestSupport
import Runs
import Testing
import Training

/// Rewards of the first token's number, or of nothing.
private struct FirstLetter: RewardFn {
  static let manual = ComponentManual(name: "first-letter", summary: "", source: "tests")
  var isConstant = false
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(isConstant: Bool = false) { self.isConstant = isConstant }
  func score(_ sample: RewardSample) -> RewardScore {
    let letter = sample.completion.first?.asciiValue.map(Double.init) ?? 0
    return .scored(isConstant ? 1 : letter, .correct)
  }
}

/// Endless prompts, numbered.
private struct Counting: TaskSource {
  static let manual = ComponentManual(name: "counting", summary: "", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}
  func trainingItem(_ index: Int) -> TaskItem {
    TaskItem(id: "\(index)", prompt: ["a", "b", "c"][index % 3], answer: "", category: "all")
  }
  func heldOutItems(perCategory count: Int) -> [TaskItem] { [] }
}

@Suite struct RolloutSourceTests {
  private func sampler(
    _ rewards: [WeightedReward]? = nil, isConstant: Bool = false, samples: Int = 3,
    options: SamplingOptions = SamplingOptions()
  ) throws -> RolloutSampler {
    RolloutSampler(
      policy: try BigramPolicy(),
      rewards: rewards
        ?? [WeightedReward(name: "first", component: FirstLetter(isConstant: isConstant))],
      samples: samples, maximumTokens: 2, temperature: 1, options: options, seed: 3)
  }

  private func source(
    _ sampler: RolloutSampler, maximumRefills: Int?, consumedItems: Int = 0
  ) -> SampledRollouts {
    SampledRollouts(
      sampler: sampler, order: TaskOrder(task: Counting(), seed: 1), promptsPerStep: 6,
      maximumRefills: maximumRefills, consumedItems: consumedItems)
  }

  private func ids(_ collected: CollectedRollout) -> [String] { collected.rollout.items.map(\.id) }

  @Test func `a policy that knows no limits of sampling is found`() throws {
    // The tests' policy ignores them, as one does that was built for an older kernel.
    func message(_ change: (inout SamplingOptions) -> Void) throws -> String {
      var options = SamplingOptions()
      change(&options)
      let sampler = try sampler(samples: 40, options: options)
      do {
        _ = try sampler.collect((0..<3).map { Counting().trainingItem($0) }, step: 1)
        return "kept"
      } catch {
        return "\(error.code.rawValue): \(error)"
      }
    }
    let remedy = """

        hint: a policy of an older kernel knows no limits of sampling: build it again, and try it with \
      'fulcrum plugin check'
      """
    #expect(
      try message { $0.stopStrings = ["0"] }
        == "plugin-fault: policy: expected a completion to end with its first stop string, got one"
        + " that goes on to 2 tokens" + remedy)
    #expect(
      try message { $0.minimumTokens = 1 }
        == "plugin-fault: policy: expected no end within the first 1 tokens, got a completion of 1"
        + remedy)
    // Texts are digits; what isn't there can't be missed.
    #expect(try message { $0.stopStrings = ["x"] } == "kept")
  }

  @Test func `dynamic sampling keeps groups of unequal rewards and draws others for the rest`()
    throws
  {
    // Two samples of few letters agree often enough that some groups are dropped.
    var dynamic = source(try sampler(samples: 2), maximumRefills: 20)
    let collected = try dynamic.next(step: 1)
    let rollout = collected.rollout
    let rewards = rollout.rewards
    #expect(rollout.items.count == 6)
    #expect(
      (0..<6).allSatisfy {
        rollout.hasSpread(Array(rollout.sequences.sequences(ofGroup: $0)), rewards: rewards)
      })
    let refills = try #require(collected.refills)
    #expect(refills > 0)
    #expect(collected.sampledPrompts == dynamic.consumedItems)
    #expect(collected.sampledPrompts > 6)
    #expect(rollout.logProbabilities.count == rollout.sequences.tokenCount)
    // The kept groups are what the plain source samples of the same prompts, in order: draws are
    // keyed by a prompt's number in the step, and no prompt is taken twice.
    #expect(ids(collected) == ids(collected).sorted { Int($0) ?? 0 < Int($1) ?? 0 })
    #expect(Set(ids(collected)).count == 6)
    var plain = source(try sampler(samples: 2), maximumRefills: nil)
    let first = try plain.next(step: 1).rollout
    for (group, item) in rollout.items.enumerated() {
      guard let place = first.items.firstIndex(where: { $0.id == item.id }) else { continue }
      let kept = rollout.sequences.sequences(ofGroup: group).map { rollout.completions[$0] }
      #expect(kept == first.sequences.sequences(ofGroup: place).map { first.completions[$0] })
    }
  }

  @Test func `a source goes on where another stopped`() throws {
    var whole = source(try sampler(samples: 2), maximumRefills: 20)
    _ = try whole.next(step: 1)
    var resumed = source(
      try sampler(samples: 2), maximumRefills: 20, consumedItems: whole.consumedItems)
    let expected = try whole.next(step: 2)
    let got = try resumed.next(step: 2)
    #expect(ids(got) == ids(expected))
    #expect(got.rollout.completions == expected.rollout.completions)
    #expect(resumed.consumedItems == whole.consumedItems)
  }

  @Test func `too few groups that differ stop the run with a count and consume nothing`() throws {
    var dynamic = source(try sampler(isConstant: true), maximumRefills: 2)
    let error = #expect(throws: FulcrumError.self) { try dynamic.next(step: 1) }
    #expect(
      error?.description == """
        rollout.dynamic-sampling: expected 6 prompts whose completions differ in reward, got 0 of \
        18 sampled in 3 rounds
          hint: the policy finds the prompts too hard or too easy: raise rollout.samples or \
        rollout.max-refills, change the task, or turn dynamic sampling off
        """)
    #expect(dynamic.consumedItems == 0)
  }

  @Test func `rewards are added with their weights`() throws {
    let rewards = [
      WeightedReward(name: "first", component: FirstLetter(), weight: 2),
      WeightedReward(name: "one", component: FirstLetter(isConstant: true), weight: -0.5),
    ]
    let rollout = try sampler(rewards).collect([Counting().trainingItem(0)], step: 1)
    for (sequence, completion) in rollout.completions.enumerated() {
      let letter = completion.first?.asciiValue.map(Float.init) ?? 0
      #expect(rollout.rewards[sequence] == 2 * letter - 0.5)
    }
    var metrics = Metrics()
    metrics.describe(
      CollectedRollout(rollout: rollout, sampledPrompts: 1, sampledTokens: 0, sampledReward: 0),
      rewardNames: ["first", "one"])
    #expect(metrics["rewards/one/mean"] == 1)
    #expect(metrics["rewards/first/mean"] != nil)
  }

  @Test func `a recorded rollout reads back to the same bits`() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/records-\(UUID().uuidString)"
    try SafeFiles.makeFolder(folder)
    defer { try? SafeFiles.remove(folder) }
    var sampled = source(try sampler(), maximumRefills: nil)
    let collected = try sampled.next(step: 1)
    let path = RolloutRecord.path(step: 1, in: folder)
    try RolloutRecord.write(
      collected, step: 1, temperature: 1, consumed: sampled.consumedItems, to: path)
    var recorded = RecordedRollouts(folder: folder, judge: try sampler(), promptsPerStep: 6)
    let read = try recorded.next(step: 1)
    #expect(read.rollout.logProbabilities == collected.rollout.logProbabilities)
    #expect(read.rollout.completions == collected.rollout.completions)
    #expect(read.rollout.rewards == collected.rollout.rewards)
    #expect(read.rollout.isFinished == collected.rollout.isFinished)
    #expect(recorded.consumedItems == sampled.consumedItems)
    let (before, after) = (collected.rollout.sequences, read.rollout.sequences)
    #expect(after.tokens.indices.allSatisfy { after.tokens[$0] == before.tokens[$0] })

    #expect(throws: FulcrumError.self) { try recorded.next(step: 2) }
    var other = RecordedRollouts(folder: folder, judge: try sampler(), promptsPerStep: 5)
    let shape = #expect(throws: FulcrumError.self) { try other.next(step: 1) }
    #expect(
      shape?.description == """
        rollout: expected 5 prompts of 3 completions as the configuration says, got 6 prompts and \
        18 completions
          hint: replay with the recorded run's rollout.prompts and rollout.samples
        """)
    try SafeFiles.write("{}\n", to: path)
    let damaged = #expect(throws: FulcrumError.self) { try recorded.next(step: 1) }
    #expect(damaged?.code == .data)
    #expect(damaged?.location == path + ":1")
  }
}
