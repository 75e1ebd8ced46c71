import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

/// Weighs every token by a constant, its entropy by another, and surveys what it sees.
private struct Constant: PolicyObjective {
  static let manual = ComponentManual(name: "constant", summary: "", source: "tests")
  var weight: Float = 0
  var entropyWeight: Float = 0
  /// The number of values that a survey has too many; `nil`: there is no survey.
  var surplus: Int?
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(weight: Float = 0, entropyWeight: Float = 0, surplus: Int? = nil) {
    self.weight = weight
    self.entropyWeight = entropyWeight
    self.surplus = surplus
  }
  var weighsEntropy: Bool { entropyWeight != 0 }
  var surveysMinibatch: Bool { surplus != nil }
  func survey(_ minibatch: borrowing ObjectiveInput) -> [Float] {
    // Each token's place in the mini-batch.
    (0..<minibatch.tokenCount + (surplus ?? 0)).map { Float($0) }
  }
  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    for token in weights.indices {
      weights[token] = input.survey.isEmpty ? weight : input.survey[token]
      losses[token] = 1
    }
  }
  func weighEntropy(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    for token in weights.indices {
      weights[token] = entropyWeight
      losses[token] = 0.5
    }
  }
}

@Suite struct ObjectiveSumTests {
  private let sequences = SequenceBatch(
    prompts: [[0], [1]], completions: [[[1, 2], [3]], [[2, 3]]])

  private func update(_ objectives: Constant...) throws -> (BigramPolicy, UpdateReport) {
    let policy = try BigramPolicy()
    var hasMoved = false
    let report = try PolicyUpdate(
      policy: policy,
      objectives: ObjectiveSum(
        objectives.enumerated().map {
          Named("objective", name: "c\($0.offset)", component: $0.element)
        }),
      temperature: 1, learningRate: 0.5
    ).run(
      RolloutBatch(sequences: sequences, rewards: [0, 0, 0]), advantages: [0, 0, 0, 0, 0],
      plan: UpdatePlan(),
      minibatches: Minibatch.cut(sequences, prompts: 1, aggregation: Aggregation(.tokenMean)),
      agreement: SamplerAgreement(sampled: [0, 0, 0, 0, 0], limit: nil), hasMoved: &hasMoved)
    return (policy, report)
  }

  @Test func `two objectives weigh as one with the sum of their weights`() throws {
    let (one, _) = try update(Constant(weight: 0.75))
    let (two, report) = try update(Constant(weight: 0.5), Constant(weight: 0.25))
    #expect(one.table == two.table)
    // Five tokens, two losses of 1 each, over two mini-batches.
    var metrics = Metrics()
    report.describe(in: &metrics, learningRate: 0.5)
    #expect(metrics["loss"] == 5)
  }

  @Test func `entropy weights reach the policy`() throws {
    let (policy, report) = try update(Constant(weight: 0.5), Constant(entropyWeight: 0.25))
    #expect(policy.entropyWeights == [0.25, 0.25, 0.25, 0.25, 0.25])
    var metrics = Metrics()
    report.describe(in: &metrics, learningRate: 0.5)
    #expect(metrics["loss"] == (5 + 5 + 2.5) / 2)
  }

  @Test func `an objective finds its survey of the mini-batch again, token by token`() throws {
    // Weights 0, 1, 2 in the first mini-batch and 0, 1 in the second.
    let (policy, _) = try update(Constant(surplus: 0))
    #expect(policy.weights == [0, 1, 2, 0, 1])
  }

  @Test func `a survey of another length is named`() {
    let error = #expect(throws: FulcrumError.self) { try update(Constant(surplus: 2)) }
    #expect(
      error?.description == "objective c0: expected a survey of 3 tokens, got 5 values")
  }
}
