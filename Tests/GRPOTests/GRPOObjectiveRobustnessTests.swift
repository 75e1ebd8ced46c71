import FulcrumKernel
import GRPOPlugin
import ObjectiveTestSupport
import Testing

@Suite struct GRPOObjectiveRobustnessTests {
  @Test(arguments: ratioLevels)
  func `huge log ratios stay finite`(level: String) throws {
    let huge: Float = 1e6
    let batch = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2],
      lengths: [1, 1, 1, 1])
    for alpha in [0, 0.5] {
      let result = try batch.weighed(
        by: makeObjective(["importance-ratio": .text(level), "alpha": .number(alpha)]))
      #expect(result.weights.allSatisfy { $0.isFinite })
      #expect(result.losses.allSatisfy { $0.isFinite })
      // The second token's ratio exploded though its advantage is negative: it is still pulled
      // down.
      #expect(result.weights[1] < -1e30)
    }
  }

  @Test func `a number that is none is not hidden`() throws {
    let batch = MiniBatch(
      current: [.nan, -1, -1], old: [-1, .nan, -1], advantages: [1, -1, .nan])
    let result = try batch.weighed(by: makeObjective(["dual-clip": .number(10)]))
    #expect(result.weights.allSatisfy { $0.isNaN })
    #expect(result.losses.allSatisfy { $0.isNaN })
  }

  @Test func `a masked sequence gets zeros and is not in the metrics`() throws {
    var batch = MiniBatch(
      current: [-1, .nan, -1], old: [-1, -9, -1], advantages: [1, 1, 1], lengths: [1, 1, 1])
    batch.shares = [0.5, 0, 0.5]
    for level in ratioLevels {
      let result = try batch.weighed(by: makeObjective(["importance-ratio": .text(level)]))
      #expect(result.weights == [0.5, 0, 0.5])
      #expect(result.losses == [-0.5, 0, -0.5])
      #expect(result.metrics.mean("policy_ratio/mean") == 1)
    }
  }

  @Test func `only the old policy is needed`() throws {
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective().isTokenwise)
    for ratio in ["sequence", "sequence-token"] {
      #expect(try !makeObjective(["importance-ratio": .text(ratio)]).isTokenwise)
    }
    #expect(try !(makeObjective() is any EntropyObjective))
    #expect(try !(makeObjective() is any SurveyingObjective))
  }

  @Test func `the defaults are those of the manual page`() {
    let parameters = GRPOObjective.manual.parameters
    #expect(
      parameters.map(\.name) == [
        "importance-ratio", "clip-low", "clip-high", "dual-clip", "alpha",
      ])
    #expect(
      parameters.map(\.defaultValue) == [
        .text("token"), .number(0.2), .number(0.24), .number(0), .number(0),
      ])
  }

  @Test(arguments: [0.5, 1])
  func `a dual clip that would clip on policy is refused`(dual: Double) throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["dual-clip": .number(dual)])
    }
    #expect(
      error?.description == """
        objective.dual-clip: expected 0 (off) or a number above 1, got \(dual)
          hint: a ratio of 1 must stay unclipped; 10 is usual
        """)
  }

  @Test func `beta moved to an objective of its own`() throws {
    let error = #expect(throws: FulcrumError.self) { try makeObjective(["beta": .number(0.1)]) }
    #expect(error?.message == "unknown parameter 'beta'")
  }

  @Test func `a ratio that does not exist is refused`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["importance-ratio": .text("group")])
    }
    #expect(error?.message == "expected one of token, sequence, sequence-token, got group")
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.description == """
        grpo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }

  @Test func `a slice without tokens changes nothing`() throws {
    for level in ratioLevels {
      let batch = MiniBatch(current: [], old: [], advantages: [])
      let result = try batch.weighed(by: makeObjective(["importance-ratio": .text(level)]))
      #expect(result.weights.isEmpty)
      #expect(result.metrics.mean("approx_kl") == nil)
    }
  }
}
