import FulcrumKernel
import RolloutCorrectionPlugin
import Testing

@Suite struct RolloutCorrectionErrorTests {
  @Test(arguments: [
    (Float.nan, Float(-0.5), "nan of the trainer and -0.5"),
    (-0.5, .nan, "-0.5 of the trainer and nan"),
    (-0.5, -.infinity, "-0.5 of the trainer and -inf"),
    (-.infinity, -.infinity, "-inf of the trainer and -inf"),
  ])
  func `log-probabilities that are not finite are refused by their place`(
    old: Float, rollout: Float, got: String
  ) {
    let error = #expect(throws: FulcrumError.self) {
      _ = try Corrected(by: [[:]], old: [[-1], [-1, old]], rollout: [[-1], [-1, rollout]])
    }
    #expect(error?.code == .notFinite)
    #expect(
      error?.description == """
        expected finite log-probabilities, got \(got) of the sampler for token 2 of the batch
          hint: weights have run away, or the sampler gave no log-probability for this token
        """)
  }

  @Test(arguments: [
    (
      "lower", 1.5,
      "expected a number in 0.0...1.0, got 1.5\n  hint: the lower bound of rho; 0: none"
    ),
    (
      "upper", 0.5,
      "expected a number of at least 1.0, got 0.5\n  hint: the upper bound of rho; 1e9: none, for"
        + " log rho is held in -20...20"
    ),
    (
      "veto", -1,
      "expected a number in 0.0...1.0, got -1.0\n  hint: a completion with a token of rho below it"
        + " has w = 0 throughout; 0: none"
    ),
  ])
  func `bounds that a ratio of one doesn't keep are refused`(
    name: String, value: Double, message: String
  ) {
    let error = #expect(throws: FulcrumError.self) {
      try Corrected.make([name: .number(value)])
    }
    #expect(error?.description == "advantage[1].\(name): " + message)
  }

  @Test func `an unknown level or mode is told with those that there are`() {
    let level = #expect(throws: FulcrumError.self) {
      try Corrected.make(["level": .text("sentence")])
    }
    #expect(level?.message == "expected one of token, sequence, sequence-mean, got sentence")
    let mode = #expect(throws: FulcrumError.self) { try Corrected.make(["mode": .text("clip")]) }
    #expect(mode?.message == "expected one of truncate, mask, reject, got clip")
  }

  @Test func `both columns are needed, and a batch without one is refused`() throws {
    let transform = try Corrected.make([:])
    #expect(transform.needs == [.oldLogProbabilities, .rolloutLogProbabilities])
    for given in transform.needs {
      let batch = RolloutBatch(
        sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0],
        columns: [given: [-1]])
      let error = #expect(throws: FulcrumError.self) {
        _ = try Corrected(by: [[:]], of: [1], in: batch)
      }
      let missing = transform.needs.subtracting([given]).first
      #expect(error?.message == "column \(missing?.name ?? "") was not computed")
    }
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginRolloutCorrection(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "rollout-correction")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["rollout-correction"])
    #expect(registrar.failure == nil)
  }
}
