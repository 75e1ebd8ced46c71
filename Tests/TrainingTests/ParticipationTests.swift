import FulcrumKernel
import PolicyTestSupport
import Testing
import Training

/// w = the current policy's largest probability, for which the old one's is given, too.
private struct TopReader: PolicyObjective {
  static let manual = ComponentManual(name: "top", summary: "", source: "tests")
  let needs: Set<Column>
  let isTokenwise = true
  init(_ parameters: Parameters, context: ComponentContext) { self.init() }
  init(needs: Set<Column> = [Column(.current, .topProbability), .topProbabilities]) {
    self.needs = needs
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    let now = try input.column(Column(.current, .topProbability))
    let old = try input.column(.topProbabilities)
    for token in weights.indices {
      weights[token] = now[token]
      losses[token] = old[token]
    }
  }
}

/// Adds 1 to every advantage and says how many.
private struct Reporting: ReportingTransform {
  static let manual = ComponentManual(name: "reporting", summary: "", source: "tests")
  var metric = "added"
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(metric: String = "added") { self.metric = metric }
  func transform(
    _ advantages: inout MutableSpan<Float>, of batch: RolloutBatch, metrics: inout MetricSums
  ) {
    for token in advantages.indices { advantages[token] += 1 }
    metrics.add(metric, sum: Double(advantages.count), count: 1)
  }
}

/// Lets every second token take part first.
private struct Alternating: ReportingScheduler {
  static let manual = ComponentManual(name: "alternating", summary: "", source: "tests")
  var needs: Set<Column> = []
  init(_ parameters: Parameters, context: ComponentContext) {}
  init(needs: Set<Column> = []) { self.needs = needs }
  func phases(
    for batch: RolloutBatch, advantages: Span<Float>, metrics: inout MetricSums
  ) -> [UpdatePhase] {
    let even = (0..<batch.sequences.tokenCount).map { $0 % 2 == 0 }
    metrics.add("even", sum: Double(even.count(where: \.self)), count: 1)
    return [
      UpdatePhase(name: "even", participates: even),
      UpdatePhase(name: "odd", participates: even.map { !$0 }),
    ]
  }
}

/// What a policy is asked to score in a phase, and what objectives see of it.
@Suite struct ParticipationTests {
  private let sequences = SequenceBatch(
    prompts: [[0], [1]], completions: [[[1, 2, 0], [3]], [[2, 3]]])

  private func rollout(_ policy: BigramPolicy) throws -> Rollout {
    let scored = try ScoredColumns(
      of: sequences, sequences: 0..<3, by: policy, temperature: 1)
    return Rollout(
      items: ["a", "b"].map { TaskItem(id: $0, prompt: $0, answer: "", category: "all") },
      sequences: sequences, logProbabilities: scored.logProbabilities,
      isFinished: [true, true, true], completions: ["", "", ""],
      scores: [[.scored(1, .correct), .scored(2, .correct), .scored(3, .correct)]],
      rewardWeights: [1])
  }

  private func step(
    _ policy: BigramPolicy, _ objective: any PolicyObjective,
    scheduler: (any UpdateScheduler)? = Alternating(),
    transforms: [any AdvantageTransform] = []
  ) throws -> TrainingStep.Result {
    let components = StepComponents(
      policy: policy,
      transforms: transforms.map { Named("advantage", name: "t", component: $0) },
      scheduler: scheduler.map { Named("schedule", name: "s", component: $0) },
      objectives: ObjectiveSum([Named("objective", name: "o", component: objective)]),
      options: UpdateOptions(minibatchPrompts: 2))
    try components.check()
    var hasMoved = false
    return try TrainingStep(components: components).run(
      try rollout(policy), step: 1, learningRate: 0.1, hasMoved: &hasMoved)
  }

  @Test func `of a tokenwise objective the policy scores those that take part alone`() throws {
    let policy = try BigramPolicy()
    _ = try step(policy, Surveyor(isTokenwise: true))
    #expect(policy.weighed == [[0, 2, 4], [1, 3, 5]])
    // Each token finds its own value of the survey of all six.
    #expect(policy.weights == [0, 2, 4, 1, 3, 5])
  }

  @Test func `an objective that may read other tokens sees them all`() throws {
    let policy = try BigramPolicy()
    _ = try step(policy, Surveyor(isTokenwise: false))
    #expect(policy.weighed == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]])
    // Zero outside the phase.
    #expect(policy.weights == [0, 0, 2, 0, 4, 0, 0, 1, 0, 3, 0, 5])
  }

  @Test func `without phases every token is scored, whatever the objective`() throws {
    let policy = try BigramPolicy()
    _ = try step(policy, Surveyor(isTokenwise: true), scheduler: nil)
    #expect(policy.weighed == [[0, 1, 2, 3, 4, 5]])
  }

  @Test func `columns of the old and of the current policy reach the tokens that take part`() throws
  {
    let policy = try BigramPolicy()
    // By hand: the largest of the row's probabilities, the row chosen by the token before.
    let previous: [Int32] = [0, 1, 2, 0, 1, 2]
    let expected = previous.map { token in
      Float(exp(policy.logProbabilities(after: token, temperature: 1).max() ?? 0))
    }
    let result = try step(policy, TopReader())
    let first = [expected[0], expected[2], expected[4]]
    #expect(Array(policy.weights.prefix(3)) == first)
    // The old policy's are of the step's beginning in both phases.
    #expect(result.report.loss == expected.reduce(0) { $0 + Double($1) })
  }

  @Test func `transforms and schedules report`() throws {
    let result = try step(
      try BigramPolicy(), Surveyor(isTokenwise: true), transforms: [Reporting()])
    #expect(result.sums.mean("added") == 6)
    #expect(result.sums.mean("even") == 3)
    #expect(result.advantages == [2, 2, 2, 3, 4, 4])
  }

  @Test func `a policy that gives other places is named, not followed`() throws {
    for (places, last) in [([0, 2, 4, 6], "6 after 4"), ([2, 0, 4, 5], "0 after 2")] {
      let policy = try BigramPolicy()
      policy.misplacing = places
      let error = #expect(throws: FulcrumError.self) {
        try step(policy, Surveyor(isTokenwise: true), scheduler: nil)
      }
      #expect(
        error?.description == "policy: expected places of tokens, in ascending order and from 0 to"
          + " 5, got \(last)")
    }
  }

  @Test func `a policy that leaves tokens out of a whole pass is named`() throws {
    let policy = try BigramPolicy()
    policy.misplacing = [0, 1, 3]
    let error = #expect(throws: FulcrumError.self) {
      try step(policy, Surveyor(), scheduler: nil)
    }
    #expect(error?.description == "policy: expected all tokens of whole sequences, got 3 of 4")
  }

  @Test func `a metric under a name of the run's is refused before a step is taken`() throws {
    let policy = try BigramPolicy()
    for (metric, sentence) in [
      ("reward", "expected metrics of the component's own, got 'reward', which is the run's"),
      ("time/mine", "expected metrics of the component's own, got 'time/mine', which is the run's"),
      ("", "expected a metric's name on one line, got ''"),
      ("a\nb", "expected a metric's name on one line, got 'a\nb'"),
    ] {
      let error = #expect(throws: FulcrumError.self) {
        try step(policy, Surveyor(), transforms: [Reporting(metric: metric)])
      }
      #expect(error?.message == sentence)
      #expect(error?.location == "advantage t")
    }
    #expect(!policy.log.contains("apply"))
  }

  @Test func `columns that can't be are refused before a step`() throws {
    let policy = try BigramPolicy()
    func message(_ objective: TopReader, _ scheduler: Alternating) -> String? {
      #expect(throws: FulcrumError.self) {
        _ = try step(policy, objective, scheduler: scheduler)
      }?.description
    }
    #expect(
      message(TopReader(), Alternating(needs: [Column(.current, .rank)]))
        == """
        schedule s: expected columns of the step's beginning, got current-rank
          hint: only an objective is called while the policy is being updated
        """)
    #expect(
      message(TopReader(needs: [.massAbove(2)]), Alternating())
        == "objective o: expected columns that a policy can give, got mass-above(2.0)")
    #expect(policy.log.isEmpty)
  }
}
