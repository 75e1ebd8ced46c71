import Foundation
import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

/// J = Σ A·log π / N over the mini-batch: w = A / N, wherever the policy is.
private struct LinearObjective: PolicyObjective {
  static let manual = ComponentManual(name: "linear", summary: "", source: "tests")
  var factor: Float = 1
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(factor: Float = 1) { self.factor = factor }
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let (advantages, logs) = (input.advantages, input.logProbabilities)
    for i in weights.indices {
      losses[i] = -advantages[i] * logs[i] / Float(input.minibatchTokenCount)
    }
    for sequence in 0..<input.sequenceCount {
      let share = Float(input.share(ofSequence: sequence))
      for i in input.tokens(ofSequence: sequence) { weights[i] = factor * advantages[i] * share }
    }
    metrics.add("seen", sum: Double(input.tokenCount), count: 1)
  }
}

@Suite struct PolicyUpdateTests {
  /// Four prompts with one completion each; tokens 2, 1, 2, 1.
  private let sequences = SequenceBatch(
    prompts: [[0], [1], [2], [0]], completions: [[[1, 2]], [[0]], [[2, 3]], [[3]]])
  private let advantages: [Float] = [1, 1, -2, 0.5, 0.5, -1]

  private func run(
    _ policy: BigramPolicy, _ plan: UpdatePlan = UpdatePlan(), minibatch: Int = 2,
    factor: Float = 1, differenceLimit: Double? = 100, meanLimit: Double? = nil,
    aggregation: Aggregation.Kind = .tokenMean, isMasked: [Bool]? = nil, hasMoved: inout Bool
  ) throws(FulcrumError) -> UpdateReport {
    try PolicyUpdate(
      policy: policy,
      objectives: ObjectiveSum([
        Named("objective", name: "linear", component: LinearObjective(factor: factor))
      ]), temperature: 1, learningRate: 0.5
    ).run(
      RolloutBatch(sequences: sequences, rewards: [0, 0, 0, 0]), advantages: advantages, plan: plan,
      minibatches: Minibatch.cut(
        sequences, prompts: minibatch, aggregation: Aggregation(aggregation), isMasked: isMasked),
      agreement: SamplerAgreement(
        sampled: [Float](repeating: -1, count: 6), limit: differenceLimit, meanLimit: meanLimit),
      hasMoved: &hasMoved)
  }

  private func run(
    _ policy: BigramPolicy, _ plan: UpdatePlan = UpdatePlan(), minibatch: Int = 2,
    factor: Float = 1, differenceLimit: Double? = 100, meanLimit: Double? = nil,
    aggregation: Aggregation.Kind = .tokenMean, isMasked: [Bool]? = nil
  ) throws(FulcrumError) -> UpdateReport {
    var hasMoved = false
    return try run(
      policy, plan, minibatch: minibatch, factor: factor, differenceLimit: differenceLimit,
      meanLimit: meanLimit, aggregation: aggregation, isMasked: isMasked, hasMoved: &hasMoved)
  }

  @Test func `a policy that trains on other numbers than it sampled is stopped before a step`()
    throws
  {
    let policy = try BigramPolicy()
    let error = #expect(throws: FulcrumError.self) {
      try run(policy, differenceLimit: 0.4)
    }
    #expect(error?.code == .pluginFault)
    // By hand: sin 1.7 − log(1 + e^sin 1.7 + e^sin 3.4 + e^sin 5.1) = −0.5907; the column says −1.
    let message = error?.message ?? ""
    #expect(
      message.hasPrefix("expected log π in training within 0.4 of log π as sampled, got -0.590"))
    #expect(message.hasSuffix(" and -1.0 for token 0 of the batch"))
    #expect(!policy.log.contains("apply"))
  }

  @Test func `a sampler of its own is stopped by the mean over tokens, not by one of them`() throws
  {
    // The four tokens of the first mini-batch; the column says −1 of each.
    let policy = try BigramPolicy()
    let numbers = [(0, 1), (1, 2), (1, 0)].map { previous, token in
      policy.logProbabilities(after: Int32(previous), temperature: 1)[token]
    }
    let differences = numbers.map { abs(Double(Float($0)) + 1) }
    let (mean, largest) = (differences.reduce(0, +) / 3, differences.max() ?? 0)
    var report = try run(policy, differenceLimit: nil, meanLimit: mean + 1e-6)
    var metrics = Metrics()
    report.describe(in: &metrics, learningRate: 0.5)
    // f32's rounding of numbers near 1.
    #expect(abs((metrics["sampling/logp_difference/mean"] ?? 0) - mean) < 1e-6)
    #expect(abs((metrics["sampling/logp_difference/max"] ?? 0) - largest) < 1e-6)
    #expect(largest > mean + 1e-3)

    let other = try BigramPolicy()
    let error = #expect(throws: FulcrumError.self) {
      report = try run(other, differenceLimit: nil, meanLimit: mean - 1e-6)
    }
    #expect(error?.code == .pluginFault)
    let message = error?.message ?? ""
    #expect(
      message.hasPrefix(
        "expected log π in training within \(mean - 1e-6) of log π as sampled on average, got a mean"
          + " difference of 0."))
    #expect(message.hasSuffix(" over 3 tokens"))
    #expect(
      error?.hint
        == "the sampler has other weights or another temperature, or rounds more coarsely; update."
        + "max-mean-logp-difference allows more")
    #expect(!other.log.contains("apply"))
  }

  @Test func `phases run one after the other, each through all mini-batches`() throws {
    let policy = try BigramPolicy()
    let low = [true, false, true, false, true, false]
    let phases = [
      UpdatePhase(name: "low", participates: low),
      UpdatePhase(name: "high", participates: low.map { !$0 }),
    ]
    let report = try run(policy, UpdatePlan(phases: phases))
    #expect(
      policy.log == [
        "accumulate 0..<2", "apply", "accumulate 2..<4", "apply",
        "accumulate 0..<2", "apply", "accumulate 2..<4", "apply",
      ])
    #expect(report.gradientNorms.map(\.phase) == ["low", "low", "high", "high"])
    #expect(report.phaseTokens.map(\.tokens) == [3, 3])
  }

  @Test func `one step equals the hand-worked gradient over the whole mini-batch`() throws {
    let policy = try BigramPolicy()
    let before = policy.table
    // Oracle: ∂/∂θ[p][k] Σ (A/N)(δ_k,token − π_k) in Double, N = 6 tokens.
    let places: [(Int, Int)] = [(0, 1), (1, 2), (1, 0), (2, 2), (2, 3), (0, 3)]
    var expected = before
    for ((previous, token), advantage) in zip(places, advantages) {
      let row = (0..<4).map { exp(before[previous * 4 + $0]) }
      for k in 0..<4 {
        let share = row[k] / row.reduce(0, +)
        expected[previous * 4 + k] +=
          0.5 * Double(advantage) / 6 * ((k == token ? 1 : 0) - share)
      }
    }
    let report = try run(policy, minibatch: 4)
    // Weights pass through Float: 1/6 is off by 2e-8 relative.
    for (got, want) in zip(policy.table, expected) { #expect(abs(got - want) < 1e-7) }
    #expect(report.gradientNorms.count == 1)
    #expect(report.sums.mean("seen") == 1.5)
  }

  @Test func `a token outside the phase has no weight but stays in the denominator`() throws {
    // Only the second sequence's token: the step is A/N = −2/3 of its own gradient, N = 3.
    let policy = try BigramPolicy()
    let before = policy.table
    let mask = [false, false, true, false, false, false]
    let report = try run(
      policy, UpdatePlan(phases: [UpdatePhase(name: "one", participates: mask)]))
    let row = (0..<4).map { exp(before[4 + $0]) }
    let share = row[0] / row.reduce(0, +)
    let moved = policy.table[4] - before[4]
    // Float weights, as above.
    #expect(abs(moved - 0.5 * -2.0 / 3 * (1 - share)) < 1e-7)
    // The second mini-batch has no token of the phase and is left out.
    #expect(policy.log == ["accumulate 0..<2", "apply"])
    #expect(report.phaseTokens.map(\.tokens) == [1])
  }

  @Test func `weights that are not finite are named and not applied`() throws {
    let policy = try BigramPolicy()
    let before = policy.table
    var hasMoved = false
    let error = #expect(throws: FulcrumError.self) {
      try run(policy, factor: .nan, hasMoved: &hasMoved)
    }
    let text = error?.description ?? ""
    // The sign of a NaN is the processor's choice.
    #expect(
      text.replacing("-nan", with: "nan").hasPrefix(
        "objective linear: expected finite weights and losses, got nan and "))
    #expect(text.hasSuffix(" and advantage 1.0"))
    #expect(!policy.log.contains("apply"))
    #expect(policy.table == before)
    #expect(!hasMoved)
  }

  @Test func `an optimiser step whose gradient is not finite is left out and counted`() throws {
    let policy = try BigramPolicy()
    policy.failingApplications = [1]
    var hasMoved = false
    let report = try run(policy, minibatch: 1, hasMoved: &hasMoved)
    #expect(report.gradientNorms.count == 3)
    #expect(report.skipped.map(\.code) == [.notFinite])
    #expect(hasMoved)
    // The same as if its prompt had not been there: one prompt is one mini-batch.
    let other = try BigramPolicy()
    _ = try run(other, minibatch: 1, isMasked: [false, true, false, false])
    #expect(policy.table == other.table)
  }

  @Test func `a plan goes through phases or mini-batches first, as often as it says`() {
    let phases = ["L", "H"].map { UpdatePhase(name: $0) }
    func order(_ nesting: PhaseNesting, _ iterations: Int) -> String {
      UpdatePlan(phases: phases, nesting: nesting, iterations: iterations).steps(minibatches: 2)
        .map { "\(phases[$0.phase].name)\($0.minibatch + 1)" }.joined(separator: " ")
    }
    #expect(order(.phaseByPhase, 1) == "L1 L2 H1 H2")
    #expect(order(.minibatchByMinibatch, 1) == "L1 H1 L2 H2")
    #expect(order(.phaseByPhase, 2) == "L1 L2 H1 H2 L1 L2 H1 H2")
  }

  @Test func `iterations repeat the whole and the loss stays a mean`() throws {
    let once = try BigramPolicy()
    let single = try run(once, minibatch: 4)
    let twice = try BigramPolicy()
    let double = try run(twice, UpdatePlan(iterations: 2), minibatch: 4)
    #expect(twice.log == ["accumulate 0..<4", "apply", "accumulate 0..<4", "apply"])
    #expect(single.passes == 1 && double.passes == 2)
  }

  @Test func `a masked sequence has no weight and is in no denominator`() throws {
    // What is left is as if the batch had only the other sequences.
    let masked = try BigramPolicy()
    _ = try run(masked, minibatch: 4, isMasked: [false, true, false, true])
    let expected = try BigramPolicy()
    let rest = SequenceBatch(prompts: [[0], [2]], completions: [[[1, 2]], [[2, 3]]])
    var hasMoved = false
    _ = try PolicyUpdate(
      policy: expected,
      objectives: ObjectiveSum([
        Named("objective", name: "linear", component: LinearObjective())
      ]), temperature: 1, learningRate: 0.5
    ).run(
      RolloutBatch(sequences: rest, rewards: [0, 0]), advantages: [1, 1, 0.5, 0.5],
      plan: UpdatePlan(),
      minibatches: Minibatch.cut(rest, prompts: 2, aggregation: Aggregation(.tokenMean)),
      agreement: SamplerAgreement(sampled: [0, 0, 0, 0], limit: nil), hasMoved: &hasMoved)
    #expect(masked.table == expected.table)
  }

  @Test func `a mini-batch of masked sequences alone takes no optimiser step`() throws {
    let policy = try BigramPolicy()
    _ = try run(policy, isMasked: [true, true, false, false])
    #expect(policy.log == ["accumulate 2..<4", "apply"])
  }

  private func metrics(_ report: UpdateReport) -> Metrics {
    var metrics = Metrics()
    report.describe(in: &metrics, learningRate: 0.5)
    return metrics
  }

  @Test func `tokens of masked sequences take part in no phase`() throws {
    let low = [true, false, true, false, true, false]
    let plan = UpdatePlan(phases: [
      UpdatePhase(name: "low", participates: low),
      UpdatePhase(name: "high", participates: low.map { !$0 }),
    ])
    // Left are the first sequence's tokens, one of each phase, and the last one's, which is high.
    let report = try run(
      try BigramPolicy(), plan, minibatch: 4, isMasked: [false, true, true, false])
    let metrics = metrics(report)
    #expect(metrics["phases/low/tokens"] == 1)
    #expect(metrics["phases/high/tokens"] == 2)
    #expect(report.passes == 1)
    // Without the last one, the high phase has no work in the second mini-batch.
    let some = try run(try BigramPolicy(), plan, isMasked: [true, true, false, true])
    #expect(self.metrics(some)["phases/low/tokens"] == 1)
    #expect(some.gradientNorms.map(\.phase) == ["low", "high"])
  }

  @Test func `a step in which nothing takes part has no means`() throws {
    let report = try run(try BigramPolicy(), isMasked: [true, true, true, true])
    let metrics = metrics(report)
    #expect(
      metrics.entries.map(\.name) == [
        "optimizer_steps", "optimizer_steps_skipped", "learning_rate",
      ])
    #expect(metrics["optimizer_steps"] == 0)
  }

  @Test func `a mini-batch without a token that counts is in no mean`() throws {
    // The second mini-batch alone counts: its loss is Σ −A log π / N of three tokens.
    let policy = try BigramPolicy()
    func logProbability(_ previous: Int, _ token: Int) -> Double {
      let row = (0..<4).map { exp(policy.table[previous * 4 + $0]) }
      return log(row[token] / row.reduce(0, +))
    }
    let logs = [logProbability(2, 2), logProbability(2, 3), logProbability(0, 3)]
    let loss = -(0.5 * logs[0] + 0.5 * logs[1] - logs[2]) / 3
    let masked = metrics(try run(policy, isMasked: [true, true, false, false]))
    // Losses and log π are Float.
    #expect(abs((masked["loss"] ?? .nan) - loss) < 1e-6)
    #expect(masked["sampling/logp_difference/max"] != nil)
  }

  @Test func `tokens of an optimiser step that was left out are in no metric`() throws {
    let failing = try BigramPolicy()
    failing.failingApplications = [1]
    let skipped = metrics(try run(failing, minibatch: 1))
    // The same as if its prompt had been masked, but that it is counted.
    let masked = metrics(
      try run(try BigramPolicy(), minibatch: 1, isMasked: [false, true, false, false]))
    #expect(skipped.entries.map(\.name) == masked.entries.map(\.name))
    #expect(skipped["optimizer_steps_skipped"] == 1 && masked["optimizer_steps_skipped"] == 0)
    for (one, other) in zip(skipped.entries, masked.entries)
    where one.name != "optimizer_steps_skipped" {
      #expect(one.value == other.value, "\(one.name)")
    }
    let none = try BigramPolicy()
    none.failingApplications = [0]
    let left = metrics(try run(none, minibatch: 4))
    #expect(left["loss"] == nil && left["entropy"] == nil && left["grad_norm"] == nil)
    #expect(left["optimizer_steps_skipped"] == 1)
  }

  @Test func `levers are shared out by probability interval`() {
    var intervals = ProbabilityIntervals()
    intervals.add(logProbability: log(0.1), weight: -2, lever: 1, entropy: 3)
    intervals.add(logProbability: log(0.3), weight: 1, lever: 0.5, entropy: 2)
    intervals.add(logProbability: 0, weight: 5, lever: 0.1, entropy: 1)
    intervals.add(logProbability: log(0.9), weight: 0, lever: 0.1, entropy: 0)
    var metrics = Metrics()
    intervals.describe(in: &metrics)
    #expect(metrics["probability/0.00-0.25/token_share"] == 0.25)
    #expect(metrics["probability/0.75-1.00/token_share"] == 0.5)
    // 2, 0.5, 0 and 0.5 of 3; Float products, hence the tolerance.
    #expect(abs((metrics["probability/0.00-0.25/lever_share"] ?? 0) - 2.0 / 3) < 1e-7)
    #expect(metrics["probability/0.50-0.75/lever_share"] == 0)
    // 2, 1, 0 and 5 of 8; the mean of 1 and 0; no token, no mean. Exact in binary.
    #expect(metrics["probability/0.00-0.25/weight_share"] == 0.25)
    #expect(metrics["probability/0.75-1.00/weight_share"] == 0.625)
    #expect(metrics["probability/0.75-1.00/entropy"] == 0.5)
    #expect(metrics["probability/0.50-0.75/entropy"] == nil)
    #expect(ProbabilityIntervals.index(of: 0.25) == 1)
    #expect(ProbabilityIntervals.index(of: 1) == 3)
  }

  @Test func `directions are counted by interval and sign`() {
    var direction = UpdateDirection()
    // Unlikely: up as it should, up though it should not, unmoved; without advantage: not counted.
    direction.add(before: log(0.1), after: log(0.2), advantage: 1)
    direction.add(before: log(0.1), after: log(0.2), advantage: -1)
    direction.add(before: log(0.1), after: log(0.1), advantage: 2)
    direction.add(before: log(0.1), after: log(0.2), advantage: 0)
    // Likely: down as it should.
    direction.add(before: log(0.9), after: log(0.8), advantage: -1)
    var metrics = Metrics()
    direction.describe(in: &metrics)
    #expect(metrics["direction/0.00-0.25/positive_rose"] == 0.5)
    #expect(metrics["direction/0.00-0.25/negative_fell"] == 0)
    #expect(metrics["direction/0.00-0.25/correct"] == 1.0 / 3)
    #expect(metrics["direction/0.75-1.00/negative_fell"] == 1)
    #expect(metrics["direction/0.75-1.00/positive_rose"] == nil)
    #expect(metrics["direction/0.25-0.50/correct"] == nil)
  }
}
