import Foundation
import FulcrumKernel
import GRPOPlugin
import PolicyTestSupport
import RolloutCorrectionPlugin
import Testing
import Training

/// One real training step on completions of another temperature: columns, chain, objective, policy.
///
/// 64 completions have exactly the sampler's shares, so the step's gradient is no estimate.
@Suite struct StepRepairTests {
  typealias Problem = TwoTokenProblem

  /// 64 completions, each as often as the sampler draws it, with its log π at temperature 2.
  private var rollout: Rollout {
    var completions: [[Int32]] = []
    for completion in Problem.completions {
      let share = Problem.probability(completion, temperature: 2)
      completions += Array(repeating: completion, count: Int((64 * share).rounded()))
    }
    return Rollout(
      items: [TaskItem(id: "item", prompt: "", answer: "", category: "")],
      sequences: SequenceBatch(prompts: [[Problem.prompt]], completions: [completions]),
      logProbabilities: completions.flatMap {
        Problem.logProbabilities($0, temperature: 2).map(Float.init)
      },
      isFinished: completions.map { $0.last == 3 },
      completions: completions.map { "\($0)" },
      scores: [completions.map { .scored(Problem.reward($0), .correct) }], rewardWeights: [1])
  }

  /// The gradient that one step at temperature 1 adds to the policy's table, and its metrics.
  private func step(_ correction: [String: ParameterValue]?, recomputes: Bool = true) throws -> (
    gradient: [Double], metrics: MetricSums
  ) {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Problem.table.map { "\($0)" }.joined(separator: "\n").write(
      to: folder.appending(path: "table"), atomically: true, encoding: .utf8)
    let policy = try BigramPolicy(
      try Parameters(
        ["checkpoint": .text(folder.path)], for: BigramPolicy.manual.parameters, at: "policy"),
      context: ComponentContext())
    let objective = try GRPOObjective(
      try Parameters(for: GRPOObjective.manual.parameters, at: "objective"),
      context: ComponentContext())
    var options = UpdateOptions(minibatchPrompts: 1)
    options.aggregation = Aggregation(.sequenceMeanTokenSum)
    options.recomputesOldLogProbabilities = recomputes
    options.differenceLimit = nil
    var transforms: [Named<any AdvantageTransform>] = []
    if let correction {
      transforms.append(
        Named("advantage", name: "rollout-correction", component: try Corrected.make(correction)))
    }
    let training = TrainingStep(
      components: StepComponents(
        policy: policy, transforms: transforms, scheduler: nil,
        objectives: ObjectiveSum([Named("objective", name: "grpo", component: objective)]),
        options: options))
    let before = policy.table
    var hasMoved = false
    let result = try training.run(rollout, step: 1, learningRate: 1, hasMoved: &hasMoved)
    #expect(hasMoved)
    return (zip(policy.table, before).map { $0 - $1 }, result.sums)
  }

  @Test func `a step on another temperature's completions goes astray, and correction repairs it`()
    throws
  {
    let own = Problem.onPolicyGradient
    let plain = try step(nil).gradient
    #expect(abs(distance(plain, from: own) - 1.758286) < 2e-6)
    #expect(abs(cosine(plain, own) - 0.679762) < 2e-6)

    let exact = try step(["level": .text("sequence"), "upper": .number(1e9)])
    // As in GradientRepairTests, and each token's weight is rounded to Float once more.
    #expect(distance(exact.gradient, from: own) < 6 * (4 * 3.2 + 3) * 0x1p-24)
    #expect(cosine(exact.gradient, own) > 1 - 1e-10)
    // E_q[ρ] = 1.
    let name = "rollout_correction/sequence/importance_sampling_ratio/mean"
    #expect(abs(try #require(exact.metrics.mean(name)) - 1) < 1e-6)

    let truncated = try step(["level": .text("sequence"), "upper": .number(1.5)]).gradient
    #expect(abs(distance(truncated, from: own) - 0.253407) < 2e-6)
    let tokenwise = try step([:]).gradient
    #expect(abs(distance(tokenwise, from: own) - 0.238637) < 2e-6)
    #expect(cosine(tokenwise, own) > 0.97)
  }

  @Test func `where old log-probabilities are the sampler's own, the step is the same to the bit`()
    throws
  {
    let plain = try step(nil, recomputes: false)
    for settings in [[:], ["level": .text("sequence"), "mode": .text("reject")]]
      as [[String: ParameterValue]]
    {
      let corrected = try step(settings, recomputes: false)
      #expect(corrected.gradient.map(\.bitPattern) == plain.gradient.map(\.bitPattern))
    }
  }
}
