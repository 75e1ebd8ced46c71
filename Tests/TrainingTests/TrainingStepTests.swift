import Foundation
import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

private struct LengthReward: RewardFn {
  static let manual = ComponentManual(name: "length", summary: "", source: "tests")
  var isFinite = true
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(isFinite: Bool = true) { self.isFinite = isFinite }
  func score(_ sample: RewardSample) -> RewardScore {
    let length = sample.completion.count
    return .scored(isFinite ? Double(length) : .nan, length > 1 ? .correct : .badFormat)
  }
}

/// Takes the mean over the whole batch away; remembers nothing.
private struct Centered: AdvantageTransform {
  static let manual = ComponentManual(name: "centered", summary: "", source: "tests")
  var needs: Set<Column> = [.oldLogProbabilities]
  var fault = false
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(fault: Bool = false) { self.fault = fault }
  func transform(_ advantages: inout MutableSpan<Float>, of batch: RolloutBatch)
    throws(FulcrumError)
  {
    _ = try batch.column(.oldLogProbabilities)
    var sum: Float = 0
    for i in advantages.indices { sum += advantages[i] }
    for i in advantages.indices {
      advantages[i] -= fault ? .infinity : sum / Float(advantages.count)
    }
  }
}

/// Breaks a schedule's contract in one way.
private struct Broken: UpdateScheduler {
  enum Fault { case noPhase, length, overlap, loss }
  static let manual = ComponentManual(name: "broken", summary: "", source: "tests")
  var fault = Fault.noPhase
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(_ fault: Fault) { self.fault = fault }
  func phases(for batch: RolloutBatch, advantages: Span<Float>) -> [UpdatePhase] {
    var mask = [Bool](repeating: true, count: advantages.count)
    switch fault {
    case .noPhase: return []
    case .length: mask = [true, true, true]
    case .overlap:
      mask[2] = false
      return [
        UpdatePhase(name: "x", participates: mask),
        UpdatePhase(name: "y", participates: mask.indices.map { $0 < 3 }),
      ]
    case .loss: mask[2] = false
    }
    return [UpdatePhase(name: "x", participates: mask)]
  }
}

private struct PlainObjective: PolicyObjective {
  static let manual = ComponentManual(name: "plain", summary: "", source: "tests")
  init(_ parameters: Parameters, context: ComponentContext) {}
  init() {}
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    let advantages = input.advantages
    for i in weights.indices { weights[i] = advantages[i] / Float(input.minibatchTokenCount) }
  }
}

@Suite struct TrainingStepTests {
  private let items = (0..<3).map {
    TaskItem(id: "item-\($0)", prompt: "abc", answer: "", category: "all")
  }

  /// One step: sampling, advantages, phases, update.
  private struct Step {
    var sampler: RolloutSampler
    var step: TrainingStep
    var items: [TaskItem]

    func run(step number: UInt32) throws(FulcrumError) -> (
      rollout: Rollout, result: TrainingStep.Result, metrics: Metrics
    ) {
      let rollout = try sampler.collect(items, step: number)
      var hasMoved = false
      let result = try step.run(rollout, step: number, learningRate: 0.1, hasMoved: &hasMoved)
      var metrics = Metrics()
      metrics.describe(
        CollectedRollout(
          rollout: rollout, sampledPrompts: items.count,
          sampledTokens: rollout.sequences.tokenCount, sampledReward: 0),
        rewardNames: sampler.rewards.map(\.name))
      result.report.describe(in: &metrics, learningRate: 0.1)
      return (rollout, result, metrics)
    }
  }

  private func step(
    _ policy: BigramPolicy, reward: LengthReward = LengthReward(),
    transform: Centered = Centered(), scheduler: Broken? = nil, maximumTokens: Int = 5
  ) -> Step {
    Step(
      sampler: RolloutSampler(
        policy: policy, rewards: [WeightedReward(name: "length", component: reward)], samples: 4,
        maximumTokens: maximumTokens, temperature: 1, seed: 5),
      step: TrainingStep(
        components: StepComponents(
          policy: policy, transforms: [Named("advantage", name: "centered", component: transform)],
          scheduler: scheduler.map { Named("schedule", name: "broken", component: $0) },
          objectives: ObjectiveSum([Named("objective", name: "plain", component: PlainObjective())]
          ),
          options: UpdateOptions(minibatchPrompts: 3))), items: items)
  }

  private func message(_ step: Step) -> String {
    do {
      _ = try step.run(step: 1)
      return "done"
    } catch {
      return error.description
    }
  }

  @Test func `a step is a function of its number and of the policy`() throws {
    let first = try BigramPolicy()
    let second = try BigramPolicy()
    let one = try step(first).run(step: 1)
    let two = try step(second).run(step: 1)
    #expect(first.table == second.table)
    #expect(one.metrics.entries.map(\.name) == two.metrics.entries.map(\.name))
    #expect(one.metrics.entries.map(\.value) == two.metrics.entries.map(\.value))
    let other = try step(try BigramPolicy()).run(step: 2)
    #expect(other.rollout.completions != one.rollout.completions)
  }

  @Test func `metrics count outcomes apart and add up`() throws {
    let result = try step(try BigramPolicy()).run(step: 1)
    let metrics = result.metrics
    let lengths = result.rollout.completions.map { Double($0.count) }
    #expect(metrics["reward"] == Statistics.mean(lengths))
    let correct = lengths.count { $0 > 1 }
    #expect(metrics["outcomes/correct"] == Double(correct))
    #expect(metrics["outcomes/bad-format"] == Double(12 - correct))
    #expect(metrics["outcomes/error"] == 0)
    #expect(metrics["accuracy"] == Double(correct) / 12)
    // The policy's own sampling and scoring share one table; Float rounding only.
    #expect((metrics["sampling/logp_difference/max"] ?? 1) < 1e-6)
    let shares = ProbabilityIntervals.names.compactMap {
      metrics["probability/\($0)/token_share"]
    }
    #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
  }

  @Test func `advantages have mean zero after the transform`() throws {
    let result = try step(try BigramPolicy()).run(step: 1)
    // Float sums of some forty values of size 1.
    #expect(abs(result.result.advantages.reduce(0, +)) < 1e-4)
  }

  @Test func `faults of plugins are named, and nothing of the step is applied`() throws {
    func check(_ expected: String, _ make: (BigramPolicy) -> Step) throws {
      let policy = try BigramPolicy()
      let before = policy.table
      #expect(message(make(policy)).hasPrefix(expected))
      #expect(policy.table == before)
      #expect(!policy.log.contains("apply"))
    }
    try check("reward length: expected a finite reward, got nan") {
      step($0, reward: LengthReward(isFinite: false))
    }
    try check("advantage centered: expected finite advantages, got -inf for token 0") {
      step($0, transform: Centered(fault: true))
    }
    try check("schedule broken: expected a mask of ") { step($0, scheduler: Broken(.length)) }
    try check("schedule broken: expected at least one phase, got 0 and passes of 1") {
      step($0, scheduler: Broken(.noPhase))
    }
    try check(
      "schedule broken: expected every token in 1 of the phases, got token 0 in 2: 'x', 'y'"
    ) { step($0, scheduler: Broken(.overlap)) }
    try check("schedule broken: expected every token in 1 of the phases, got token 2 in 0") {
      step($0, scheduler: Broken(.loss))
    }
  }

  @Test func `a prompt without room is refused by name`() throws {
    #expect(
      message(step(try BigramPolicy(), maximumTokens: 30)) == """
        item-0: the prompt has 3 tokens and leaves no room for 30 more in a context of 32
          hint: 'task.overlong: drop' leaves such items out (in RUN/run.yaml for a run to be resumed); \
        or lower max-new-tokens, or use a policy with a longer context
        """)
  }
}

@Suite struct TaskOrderTests {
  private struct Finite: TaskSource {
    static let manual = ComponentManual(name: "finite", summary: "", source: "tests")
    var trainingCount: Int? { 6 }
    init(_ parameters: Parameters, context: ComponentContext) {}
    init() {}
    func trainingItem(_ index: Int) -> TaskItem {
      TaskItem(id: "\(index)", prompt: "", answer: "", category: "")
    }
    func heldOutItems(perCategory count: Int) -> [TaskItem] { [] }
  }

  @Test func `each epoch takes every item once, in an order of its own`() throws {
    var order = TaskOrder(task: Finite(), seed: 1)
    var ids: [String] = []
    for step in 0..<6 { ids += try order.items(from: 4 * step, count: 4).items.map(\.id) }
    let epochs = stride(from: 0, to: 24, by: 6).map { Array(ids[$0..<$0 + 6]) }
    for epoch in epochs { #expect(Set(epoch).count == 6) }
    #expect(Set(epochs).count > 1)
    var again = TaskOrder(task: Finite(), seed: 1)
    #expect(try again.items(from: 16, count: 4).items.map(\.id) == Array(ids[16..<20]))
  }

  @Test func `items that don't fit are left out, and counted in the place after`() throws {
    var order = TaskOrder(task: Finite(), seed: 1)
    let all = try order.items(from: 0, count: 12).items.map(\.id)
    // By hand: without items 0 and 3, each epoch of six has four items.
    var fitting = TaskOrder(task: Finite(), seed: 1) { $0.id != "0" && $0.id != "3" }
    var ids: [String] = []
    var next = 0
    for _ in 0..<4 {
      let taken = try fitting.items(from: next, count: 2)
      ids += taken.items.map(\.id)
      next = taken.next
    }
    #expect(ids == all.filter { $0 != "0" && $0 != "3" })
    // After the last item that fits; those behind it in the order are not taken yet.
    #expect(next == (all.lastIndex { $0 != "0" && $0 != "3" } ?? 0) + 1)
  }

  @Test func `a source without an item that fits is refused`() {
    var order = TaskOrder(task: Finite(), seed: 1) { _ in false }
    let error = #expect(throws: FulcrumError.self) { try order.items(from: 0, count: 1) }
    #expect(
      error?.description == """
        task: expected items whose prompts leave room, got 10000 in a row that don't
          hint: lower max-new-tokens, or use a policy with a longer context
        """)
  }
}
