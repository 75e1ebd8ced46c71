import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

/// Weighs each place's likeliest tokens by 1, 2, … times a factor.
private struct Candidates: CandidateObjective {
  static let manual = ComponentManual(name: "candidates", summary: "", source: "tests")
  var candidateCount = 2
  var factor: Float = 1
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(count: Int, factor: Float = 1) { (candidateCount, self.factor) = (count, factor) }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {}

  func weighCandidates(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    for place in weights.indices { weights[place] = factor * Float(place % candidateCount + 1) }
    for token in losses.indices { losses[token] = 0.5 }
  }
}

@Suite struct CandidateTests {
  private let sequences = SequenceBatch(
    prompts: [[0], [1]], completions: [[[1, 2], [3]], [[2, 3]]])

  private func components(
    _ objectives: [any PolicyObjective], policy: any PolicyModel
  ) throws -> StepComponents {
    StepComponents(
      policy: policy, transforms: [], scheduler: nil,
      objectives: ObjectiveSum(
        objectives.enumerated().map {
          Named("objective", name: "c\($0.offset)", component: $0.element)
        }), options: UpdateOptions(minibatchPrompts: 2))
  }

  private func update(
    _ objectives: [any PolicyObjective], plan: UpdatePlan = UpdatePlan()
  ) throws -> (BigramPolicy, UpdateReport) {
    let policy = try BigramPolicy()
    var hasMoved = false
    let report = try PolicyUpdate(
      policy: policy, objectives: components(objectives, policy: policy).objectives,
      temperature: 1, learningRate: 0.5
    ).run(
      RolloutBatch(sequences: sequences, rewards: [0, 0, 0]), advantages: [0, 0, 0, 0, 0],
      plan: plan,
      minibatches: Minibatch.cut(sequences, prompts: 2, aggregation: Aggregation(.tokenMean)),
      agreement: SamplerAgreement(sampled: [0, 0, 0, 0, 0], limit: nil), hasMoved: &hasMoved)
    return (policy, report)
  }

  @Test func `candidates' weights reach the policy, and their losses count`() throws {
    let (policy, report) = try update([Candidates(count: 2)])
    #expect(policy.candidateWeights == [1, 2, 1, 2, 1, 2, 1, 2, 1, 2])
    var metrics = Metrics()
    report.describe(in: &metrics, learningRate: 0.5)
    #expect(metrics["loss"] == 2.5)
  }

  @Test func `objectives of different numbers of candidates add up, likeliest first`() throws {
    let (policy, _) = try update([Candidates(count: 1, factor: 0.5), Candidates(count: 3)])
    #expect(Array(policy.candidateWeights.prefix(6)) == [1.5, 2, 3, 1.5, 2, 3])
  }

  @Test func `tokens outside a phase have no candidates`() throws {
    let phase = UpdatePhase(name: "odd", participates: [false, true, false, true, false])
    let (policy, _) = try update(
      [Candidates(count: 2)],
      plan: UpdatePlan(phases: [phase], nesting: .phaseByPhase, iterations: 1))
    #expect(policy.candidateWeights == [0, 0, 1, 2, 0, 0, 1, 2, 0, 0])
  }

  @Test func `a weight that is not finite names the objective`() {
    let error = #expect(throws: FulcrumError.self) {
      try update([Candidates(count: 1, factor: .infinity)])
    }
    #expect(
      error?.description.hasPrefix(
        "objective c0: expected finite weights of candidates, got inf for candidate 1 at a token with"
      )
        == true)
  }

  @Test func `no candidates, and a policy that can't, are found before the first step`() throws {
    let none = #expect(throws: FulcrumError.self) {
      try components([Candidates(count: 0)], policy: BigramPolicy()).check()
    }
    #expect(
      none?.description == "objective c0: expected at least one candidate a place, got 0")
    let unable = #expect(throws: FulcrumError.self) {
      try components([Candidates(count: 2)], policy: Plain()).check()
    }
    #expect(
      unable?.description == """
        bigram: the policy can't take the gradient of tokens that were not drawn
          hint: for that it would have to conform to CandidateGradientPolicy
        """)
  }
}

/// A policy without capabilities.
private final class Plain: PolicyModel {
  static let manual = BigramPolicy.manual
  private let policy: BigramPolicy
  init() throws { policy = try BigramPolicy() }
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {
    policy = try BigramPolicy(parameters, context: context)
  }

  var summary: String { policy.summary }
  var contextLength: Int { policy.contextLength }
  var endToken: Int32 { policy.endToken }
  func encode(_ text: String) -> [Int32] { policy.encode(text) }
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String { "" }
  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    try policy.generate(request)
  }
  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (Range<Int>, borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {
    try policy.score(batch, sequences: sequences, request: request, visit: visit)
  }
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (Span<Int>, borrowing TokenScores, inout MutableSpan<Float>) throws(FulcrumError) -> Void
  ) throws(FulcrumError) {}
  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    try policy.applyGradient(learningRate: learningRate)
  }
  func discardGradient() {}
  func save(to directory: String) throws(FulcrumError) {}
  func saveOptimizer(to directory: String) {}
  func loadOptimizer(from directory: String) {}
}
