import Foundation
import FulcrumKernel
import JSON
import PolicyTestSupport
import Testing
import Training

/// Counts the steps that it began, and weighs every token by that.
private final class Counter: PolicyObjective, StatefulComponent {
  static let manual = ComponentManual(name: "counter", summary: "", source: "tests")
  private var steps = 0.0
  private let isBroken: Bool

  init(_ parameters: Parameters, context: ComponentContext) { isBroken = false }
  init(isBroken: Bool = false) { self.isBroken = isBroken }

  func begin(_ batch: RolloutBatch) { steps += 1 }
  var state: [String: Double] { ["steps": isBroken ? .infinity : steps] }
  func restore(_ state: [String: Double]) throws(FulcrumError) {
    guard let steps = state["steps"] else {
      throw FulcrumError(.checkpoint, "expected 'steps', got \(state.keys.sorted())")
    }
    self.steps = steps
  }

  func weigh(
    _ input: borrowing ObjectiveInput, weights: inout MutableSpan<Float>,
    losses: inout MutableSpan<Float>, metrics: inout MetricSums
  ) {
    for token in weights.indices { weights[token] = Float(steps) }
  }
}

@Suite struct ComponentStateTests {
  private func components(_ objectives: [any PolicyObjective]) throws -> StepComponents {
    var options = UpdateOptions(minibatchPrompts: 2)
    // The rollout's log π are made up.
    options.differenceLimit = nil
    return StepComponents(
      policy: try BigramPolicy(), transforms: [], scheduler: nil,
      objectives: ObjectiveSum(
        objectives.map { Named("objective", name: "counter", component: $0) }),
      options: options)
  }

  private func step(_ components: StepComponents, _ number: UInt32) throws -> [Float] {
    let sequences = SequenceBatch(prompts: [[0]], completions: [[[1, 2], [3]]])
    let rollout = Rollout(
      items: [], sequences: sequences, logProbabilities: [-1, -1, -1], isFinished: [true, true],
      completions: ["", ""], scores: [], rewardWeights: [])
    var hasMoved = false
    _ = try TrainingStep(components: components).run(
      rollout, step: number, learningRate: 0.1, hasMoved: &hasMoved)
    return try #require(components.policy as? BigramPolicy).weights
  }

  @Test func `a step begins before its weights, once`() throws {
    let components = try components([Counter(), Counter()])
    #expect(try step(components, 1) == [2, 2, 2])
    #expect(try step(components, 2).suffix(3) == [4, 4, 4])
  }

  @Test func `states are kept, written, read and given back, each to its own place`() throws {
    let (one, other) = (Counter(), Counter())
    try other.restore(["steps": 6])
    let components = try components([one, other])
    _ = try step(components, 1)
    let states = try ComponentStates(of: components)
    let text = String(decoding: try JSONEncoder().encode(states), as: UTF8.self)
    #expect(
      text.contains(#""objective 1, counter""#) && text.contains(#""objective 2, counter""#))
    let back = try JSONRecord.decode(ComponentStates.self, from: Array(text.utf8))
    #expect(back == states)
    _ = try step(components, 2)
    let (missing, unused) = try back.restore(components)
    #expect(missing.isEmpty && unused.isEmpty)
    #expect(one.state == ["steps": 1] && other.state == ["steps": 7])
  }

  @Test func `a component that there is no state for stays as it was made, and is told`() throws {
    let components = try components([Counter()])
    _ = try step(components, 1)
    #expect(try ComponentStates().restore(components).missing == ["objective 1, counter"])
    let states = try ComponentStates(of: components)
    #expect(states != ComponentStates())
    #expect(ComponentStates().isEmpty)
    // A state that no component has a place for.
    #expect(try states.restore(self.components([])).unused == ["objective 1, counter"])
  }

  @Test func `a state that no checkpoint could hold names its component`() throws {
    let components = try components([Counter(isBroken: true)])
    let error = #expect(throws: FulcrumError.self) { try ComponentStates(of: components) }
    #expect(
      error?.description == """
        objective counter: expected a finite state, got inf for 'steps'
          hint: a checkpoint could not hold it, and the run could not be resumed
        """)
  }
}
