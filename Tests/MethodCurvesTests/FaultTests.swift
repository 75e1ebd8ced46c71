import FulcrumKernel
import MethodCurves
import PluginHost
import Testing

/// Strangers' components that break their contracts: a sentence each, and no end of the command.
@Suite struct FaultTests {
  /// An objective that surveys, and weighs by closures.
  struct Odd: SurveyingObjective, Made {
    var needs: Set<Column> = []
    var surveyed = 0
    var weight: Float = 0

    func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
      [Float](repeating: 0, count: minibatch.tokenCount - surveyed)
    }

    func weigh(
      _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
      losses: inout MutableSpan<Float>, metrics: inout MetricSums
    ) throws(FulcrumError) {
      for token in weights.indices { weights[token] = weight }
    }

    static func sentence(_ odd: Odd) -> String? {
      Trials.method(.policyObjective, manual: manual) { (_, _) throws(FulcrumError) in odd }.error?
        .description
    }
  }

  struct Masks: UpdateScheduler, Made {
    let length: @Sendable (Int) -> Int

    func phases(for batch: RolloutBatch, advantages: Span<Float>) throws(FulcrumError)
      -> [UpdatePhase]
    {
      let count = length(batch.sequences.tokenCount)
      return [UpdatePhase(name: "half", participates: [Bool](repeating: true, count: count))]
    }
  }

  @Test func `what a component throws is said at its place`() {
    let method = MadeTransform.method { (_, _) throws(FulcrumError) in
      throw FulcrumError(.unsupported, "needs a policy that can add", hint: "use another")
    }
    #expect(
      method.error?.description
        == "advantage-transform made: needs a policy that can add\n  hint: use another")
    #expect(
      method.verdict
        == "failed: advantage-transform made: needs a policy that can add (hint: use another)")
    #expect(method.curves == nil)
  }

  @Test func `what can't be made is said`() {
    let method = Trials.method(.policyObjective, MadeTransform.self)
    #expect(
      method.error?.description
        == "policy-objective made: a fixture is made by its test")
  }

  @Test func `another protocol's component is refused`() {
    let method = Trials.method(.policyObjective, manual: MadeTransform.manual) {
      (_, _) throws(FulcrumError) in MadeTransform { advantage, _ in advantage }
    }
    #expect(
      method.error?.description
        == "policy-objective made: it is registered as policy-objective but does not conform to its"
        + " protocol\n  hint: register it by the method of its own protocol")
  }

  @Test func `advantages and weights are finite`() {
    let method = MadeTransform.method { advantage, probability in
      probability > 0.98 && advantage < 0 ? .nan : advantage
    }
    #expect(
      method.error?.description
        == "advantage-transform made: expected finite advantages, got nan for a token with π 0.99,"
        + " π_old 0.99 and advantage -1")
    let sentence = Odd.sentence(Odd(weight: .infinity))
    #expect(sentence?.hasPrefix("policy-objective made: expected finite weights, got inf") == true)
  }

  @Test func `a survey has a number for each token`() {
    #expect(
      Odd.sentence(Odd(surveyed: 3))
        == "policy-objective made: expected a survey of 1632 tokens, got 1629 values")
  }

  @Test func `columns that there aren't are refused`() {
    #expect(
      Odd.sentence(Odd(needs: [Column(.rollout, .entropy)]))
        == "policy-objective made: expected columns that there are, got 'rollout-entropy' in its"
        + " needs")
    #expect(
      Odd.sentence(Odd(needs: [.topTokens(300)]))
        == "policy-objective made: it asks for the 300 likeliest tokens, and the made-up vocabulary"
        + " has 256\n  hint: give it a lower number with --set")
    let method = MadeTransform.method(needs: []) { advantage, _ in advantage }
    #expect(
      method.error?.description
        == "advantage-transform made: column old-log-probabilities was not computed\n  hint: name it"
        + " in the component's 'needs'")
  }

  @Test func `a schedule's masks are as long as the batch`() {
    let method = Trials.method(.updateScheduler, manual: Masks.manual) {
      (_, _) throws(FulcrumError) in Masks { $0 - 1 }
    }
    #expect(
      method.error?.description
        == "update-scheduler made: expected a mask of 1632 tokens, got 1631 in phase 'half'")
  }

  @Test func `a value out of range is its row's affair`() {
    let manual = ComponentManual(
      name: "made", summary: "a fixture", source: "none",
      parameters: [.number("share", default: nil, in: 0...1, help: "of the tokens")])
    let method = Trials.method(.advantageTransform, manual: manual, ["share": .number(2)]) {
      (_, _) throws(FulcrumError) in MadeTransform { advantage, _ in advantage }
    }
    #expect(
      method.error?.description
        == "advantage-transform made.share: expected a number in 0.0...1.0, got 2.0\n  hint: of the"
        + " tokens")
  }
}
