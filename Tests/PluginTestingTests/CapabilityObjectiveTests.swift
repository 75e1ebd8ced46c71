import FulcrumKernel
import PluginTesting
import Testing

/// J = Σ share · s/10 · Σ_k log π(candidate k), where s counts the steps; each part of it can be made
/// wrong.
private final class CountingObjective: CandidateObjective, StatefulComponent {
  enum Mistake: Sendable {
    case none, steepCandidates, tooMany, undeclared, forgets, countsCalls, infiniteState
  }

  static let manual = ideaManual
  var candidateCount: Int { mistake == .tooMany ? 10_000_000 : 2 }
  let needs: Set<Column>
  private let mistake: Mistake
  private var steps = 1.0

  convenience init(_ parameters: Parameters, context: ComponentContext) { self.init(.none) }

  init(_ mistake: Mistake) {
    self.mistake = mistake
    needs = mistake == .undeclared ? [] : [Column(.current, .topLogProbabilities(2))]
  }

  func begin(_ batch: RolloutBatch) { steps += 1 }
  var state: [String: Double] { ["steps": mistake == .infiniteState ? .infinity : steps] }
  func restore(_ state: [String: Double]) {
    if mistake != .forgets { steps = state["steps"] ?? 0 }
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) { if mistake == .countsCalls { steps += 1 } }

  func weighCandidates(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) throws(FulcrumError) {
    if mistake == .undeclared { return }
    let logs = try input.column(Column(.current, .topLogProbabilities(2)))
    for sequence in 0..<input.sequenceCount {
      let weight = steps / 10 * input.share(ofSequence: sequence)
      for token in input.tokens(ofSequence: sequence) {
        var loss = 0.0
        for place in 2 * token..<2 * token + 2 {
          weights[place] = Float(weight * (mistake == .steepCandidates ? 1.1 : 1))
          loss -= weight * Double(logs[place])
        }
        losses[token] = Float(loss)
      }
    }
  }
}

@Suite struct CapabilityObjectiveTests {
  private static func checks(_ mistake: CountingObjective.Mistake) -> [ContractCheck] {
    PluginContract.checks(policyObjective: ideaManual, [:], type: CountingObjective.self) {
      (_, _) throws(FulcrumError) in CountingObjective(mistake)
    }
  }

  private static let slopes = "candidates' weights are minus the slopes of their losses"
  private static let state = "a component that gets its state back goes on to the same bits"

  static let broken = [
    Broken(
      "has weights of candidates that are too steep", slopes, "expected a weight of ",
      checks(.steepCandidates)),
    Broken(
      "weighs more candidates than there is room for", "an empty mini-batch is accepted",
      "expected a mini-batch without sequences to be accepted, got: expected 1 to 4096 candidates a place, got 10000000",
      checks(.tooMany)),
    Broken(
      "doesn't ask for its candidates", slopes,
      "expected at least one candidate, and the column current-top-log-probabilities(2) among the"
        + " needs, got 2", checks(.undeclared)),
    Broken(
      "forgets its state", state,
      "expected the same state in a component and in one that it was given to, got [\"steps\": 2.0]"
        + " and [\"steps\": 1.0]", checks(.forgets)),
    Broken(
      "changes its state when it is asked for weights", state,
      "expected the same state before and after its other calls, got [\"steps\": 2.0] and ",
      checks(.countsCalls)),
    Broken(
      "has a state that no checkpoint holds", state,
      "expected a finite state, got inf for 'steps'", checks(.infiniteState)),
  ]

  @Test(arguments: broken)
  func `a mistake is caught by its check`(broken: Broken) throws { try broken.expectCaught() }

  @Test func `a sound one passes`() {
    expectKept(PluginContract.checks(for: CountingObjective.self))
  }
}
