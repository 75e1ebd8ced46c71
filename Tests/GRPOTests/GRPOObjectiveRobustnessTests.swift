import FulcrumKernel
import GRPOPlugin
import Testing

@Suite struct GRPOObjectiveRobustnessTests {
  @Test(arguments: [true, false])
  func `huge log ratios stay finite`(isClamped: Bool) throws {
    let huge: Float = 1e6
    let batch = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], reference: [0, -huge, -huge, 0],
      advantages: [-2, -2, 2, 2])
    let result = try batch.weighed(by: makeObjective(["kl-clamp": .flag(isClamped)]))
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    // The second token's ratio exploded though its advantage is negative: it is still pulled down.
    #expect(result.weights[1] < -1e30)
  }

  @Test func `a log-probability that is not a number is not hidden`() throws {
    let batch = MiniBatch(
      current: [.nan, -1, -1, -1], old: [-1, .nan, -1, -1], reference: [-1, -1, .nan, -1],
      advantages: [1, -1, 1, .nan])
    let result = try batch.weighed(by: makeObjective(["dual-clip": .number(10)]))
    #expect(result.weights.allSatisfy { $0.isNaN })
    #expect(result.losses.allSatisfy { $0.isNaN })
  }

  @Test func `a reference is needed only for a KL term`() throws {
    #expect(try makeObjective().needs == [.oldLogProbabilities, .referenceLogProbabilities])
    #expect(try makeObjective(["beta": .number(0)]).needs == [.oldLogProbabilities])
  }

  @Test func `the defaults are those of the manual page`() {
    #expect(
      GRPOObjective.manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.24), .number(0), .number(0.001), .flag(true),
      ])
  }

  @Test(arguments: [0.5, 1])
  func `a dual clip that would clip on policy is refused`(dual: Double) {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["dual-clip": .number(dual)])
    }
    #expect(
      error?.description == """
        objective.dual-clip: expected 0 (off) or a number above 1, got \(dual)
          hint: a ratio of 1 must stay unclipped; the paper's scripts have 10
        """)
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        grpo: expected 2 reference log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test func `a slice without tokens changes nothing`() throws {
    let batch = MiniBatch(current: [], old: [], advantages: [])
    let result = try batch.weighed(by: makeObjective(["beta": .number(0)]))
    #expect(result.weights.isEmpty)
    #expect(result.metrics.mean("approx_kl") == nil)
  }
}
