import FulcrumKernel
import MethodCurves
import Synchronization
import Testing

/// What an objective can do beside weighing: each is asked for it, in its order.
@Suite struct CapabilityTests {
  /// Weighs all tokens alike by a factor that its step's beginning sets.
  final class Beginner: PolicyObjective, StatefulComponent, Made {
    private var factor = 0.0
    var state: [String: Double] { ["factor": factor] }

    init() {}
    init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

    func begin(_ batch: RolloutBatch) throws(FulcrumError) {
      // The whole batch is there, and its step.
      factor += Double(batch.step) * (batch.sequences.tokenCount > 0 ? 2 : 0)
    }

    func restore(_ state: [String: Double]) throws(FulcrumError) {}

    func weigh(
      _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
      losses: inout MutableSpan<Float>, metrics: inout MetricSums
    ) throws(FulcrumError) {
      for sequence in 0..<input.sequenceCount {
        for token in input.tokens(ofSequence: sequence) {
          weights[token] = Float(
            factor * Double(input.advantages[token]) * input.share(ofSequence: sequence))
        }
      }
    }
  }

  /// Surveys each token's rank, and weighs three candidates by their place.
  struct Chooser: CandidateObjective, SurveyingObjective, Made {
    var candidateCount = 3
    let needs: Set<Column> = [
      Column(.current, .topTokens(3)), Column(.current, .topLogProbabilities(3)),
      Column(.current, .rank),
    ]

    func survey(_ minibatch: borrowing ObjectiveInput) throws(FulcrumError) -> [Float] {
      let ranks = try minibatch.column(Column(.current, .rank))
      return (0..<minibatch.tokenCount).map { ranks[$0] }
    }

    func weigh(
      _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
      losses: inout MutableSpan<Float>, metrics: inout MetricSums
    ) throws(FulcrumError) {
      for token in weights.indices where input.survey[token] == 0 {
        weights[token] = Float(Double(input.advantages[token]) * input.share(ofSequence: 0))
      }
    }

    func weighCandidates(
      _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
      losses: inout MutableSpan<Float>, metrics: inout MetricSums
    ) throws(FulcrumError) {
      let logs = try input.column(Column(.current, .topLogProbabilities(3)))
      for token in 0..<input.tokenCount {
        let factor = Double(input.advantages[token]) * input.share(ofSequence: 0)
        for place in 0..<3 {
          weights[3 * token + place] = Float(factor * Double(exp(logs[3 * token + place])))
        }
      }
    }
  }

  @Test func `a step is begun before it is weighed, once for each figure`() throws {
    let method = Trials.method(.policyObjective, manual: Beginner.manual) {
      (_, _) throws(FulcrumError) in Beginner()
    }
    let portrait = try #require(method.curves)
    #expect(isNear(portrait.onPolicy.positive.at(0.5), 2))
    #expect(isNear(try #require(portrait.byRatio).negative.at(2), 2))
    #expect(method.reads == ["its state from step to step"])
    #expect(method.verdict.hasPrefix("all ×2; beyond the clip 2 for A > 0, 2 for A < 0"))
  }

  @Test func `the likeliest candidate has a line, and a survey is made`() throws {
    let method = Trials.method(.policyObjective, manual: Chooser.manual) {
      (_, _) throws(FulcrumError) in Chooser()
    }
    let portrait = try #require(method.curves)
    // At 0.51 and above no other token is likelier; at 0.001 every distribution has a likelier one.
    #expect(isNear(portrait.onPolicy.positive.at(0.51), 1))
    #expect(portrait.onPolicy.positive.at(0.001) == 0)
    let further = try #require(portrait.furtherOnPolicy.first)
    #expect(further.name == "c on the likeliest")
    let document = try #require(MethodFigure(method)).document
    #expect(document.contains(">c on the likeliest</text>"))
    #expect(isNear(further.curves.positive.at(0.75), 0.75))
    #expect(isNear(further.curves.negative.at(0.75), 0.75))
    #expect(
      method.reads == [
        "current-rank", "current-top-log-probabilities(3)", "current-top-tokens(3)",
        "a survey of the mini-batch", "3 candidates a place",
      ])
  }

  @Test func `more candidates than there are tokens are refused`() throws {
    let method = Trials.method(.policyObjective, manual: Chooser.manual) {
      (_, _) throws(FulcrumError) in Chooser(candidateCount: 1 << 40)
    }
    #expect(
      method.error?.description
        == "policy-objective made: expected 1 to 256 candidates, as many as the made-up vocabulary"
        + " has, got 1099511627776")
  }

  @Test func `an instance is made for each call, from the given parameters`() throws {
    let made = Mutex(0)
    let method = Trials.method(.advantageTransform, manual: MadeTransform.manual) {
      (_, _) throws(FulcrumError) in
      made.withLock { $0 += 1 }
      return MadeTransform { advantage, _ in advantage }
    }
    #expect(method.curves != nil)
    // One that is asked for its needs, two that tell a baseline, one for the figure.
    #expect(made.withLock { $0 } == 4)
  }
}
