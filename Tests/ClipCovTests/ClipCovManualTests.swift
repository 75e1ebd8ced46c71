import ClipCovPlugin
import FulcrumKernel
import ObjectiveTestSupport
import Testing

@Suite struct ClipCovManualTests {
  @Test func `the manual, the needs and the entry function`() throws {
    let parameters = ClipCovObjective.manual.parameters
    #expect(
      parameters.map(\.name) == ["clip-low", "clip-high", "cov-low", "cov-high", "share"])
    #expect(
      parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.2), .number(1), .number(5), .number(2e-4),
      ])
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try makeObjective() is any SurveyingObjective)
    let registrar = PluginRegistrar()
    fulcrumPluginClipCov(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "clip-cov")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["clip-cov"])
  }

  @Test func `a share of nothing is refused`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["share": .number(0)])
    }
    #expect(
      error?.description == """
        objective.share: expected a number above 0, got 0.0
          hint: at least one token of a mini-batch is chosen; for none leave this objective out
        """)
  }

  @Test func `an interval without covariances is refused`() throws {
    let error = #expect(throws: FulcrumError.self) {
      try makeObjective(["cov-low": .number(5)])
    }
    #expect(
      error?.description == """
        objective.cov-high: expected a number above cov-low, which is 5.0, got 5.0
          hint: tokens are drawn among those with cov-low < covariance < cov-high
        """)
  }

  @Test func `a missing column is refused by name`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let error = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      error?.message == "expected 2 old log-probabilities, one for each token, got 0")
  }

  @Test func `weighing without a survey is refused`() throws {
    let batch = MiniBatch(current: [-1, -1], old: [-1, -1], advantages: [1, 1])
    let objective = try makeObjective()
    let error = #expect(throws: FulcrumError.self) {
      try batch.withInput(of: 0..<1, survey: []) { input in
        var weights = [Float](repeating: 0, count: 2)
        var losses = weights
        var weightSpan = weights.mutableSpan
        var lossSpan = losses.mutableSpan
        var metrics = MetricSums()
        try objective.weigh(input, weights: &weightSpan, losses: &lossSpan, metrics: &metrics)
      }
    }
    #expect(
      error?.description == """
        clip-cov: expected 2 survey results, one for each token, got 0
          hint: the host must call 'survey' on the mini-batch before it is weighed
        """)
  }
}
