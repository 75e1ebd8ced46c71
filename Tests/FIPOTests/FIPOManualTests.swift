import FIPOPlugin
import FulcrumKernel
import ObjectiveTestSupport
import Testing

@Suite struct FIPOManualTests {
  @Test func `empty and masked sequences get nothing`() throws {
    var batch = MiniBatch(
      current: [-1, -1], old: [-1, -9], advantages: [1, 1], lengths: [0, 1, 1])
    batch.shares = [0.25, 0.25, 0]
    let result = try batch.weighed(by: makeObjective())
    #expect(result.weights == [0.25, 0])
    #expect(result.losses == [0.25, 0])
    #expect(result.metrics.mean("fipo/influence_mean") == 1)
  }

  @Test func `slices give the bits of the whole`() throws {
    let batch = MiniBatch.random(seed: 7)
    let whole = try batch.weighed(by: makeObjective())
    for cut in MiniBatch.cuts {
      let parts = try batch.weighed(by: makeObjective(), slices: cut)
      #expect(parts.weights == whole.weights)
      #expect(parts.losses == whole.losses)
    }
  }

  @Test func `huge log ratios stay finite and no number is hidden that is none`() throws {
    let huge: Float = 1e6
    let far = MiniBatch(
      current: [-huge, 0, -huge, 0], old: [0, -huge, 0, -huge], advantages: [-2, -2, 2, 2])
    let result = try far.weighed(by: makeObjective(["influence-clip": .number(0)]))
    #expect(result.weights.allSatisfy { $0.isFinite })
    #expect(result.losses.allSatisfy { $0.isFinite })
    // The last token's is in the first one's future.
    let broken = MiniBatch(current: [-1, .nan], old: [-1, -1], advantages: [1, 5])
    #expect(try broken.weighed(by: makeObjective()).weights.allSatisfy { $0.isNaN })
  }

  @Test func `the manual, the needs and the entry function`() throws {
    let manual = FIPOObjective.manual
    #expect(
      manual.parameters.map(\.name) == [
        "clip-low", "clip-high", "dual-clip", "leave-out", "half-life", "influence-clip",
        "both-ways", "safety-ratio",
      ])
    #expect(
      manual.parameters.map(\.defaultValue) == [
        .number(0.2), .number(0.28), .number(10), .flag(true), .number(32), .number(0.2),
        .flag(false), .number(10),
      ])
    #expect(manual.formula.hasPrefix("w = clip(exp F) r A"))
    #expect(try makeObjective().needs == [.oldLogProbabilities])
    #expect(try !makeObjective().isTokenwise)
    let registrar = PluginRegistrar()
    fulcrumPluginFIPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "fipo")
    #expect(registrar.components.map(\.kind) == [.policyObjective])
    #expect(registrar.components.map(\.manual.name) == ["fipo"])
  }

  @Test func `impossible requests are refused in sentences`() throws {
    let dual = #expect(throws: FulcrumError.self) { try makeObjective(["dual-clip": .number(1)]) }
    #expect(
      dual?.description == """
        objective.dual-clip: expected 0 (off) or a number above 1, got 1.0
          hint: a ratio of 1 must stay unclipped; 10 is usual
        """)
    let batch = MiniBatch(current: [-1, -1], old: [], advantages: [1, 1])
    let missing = #expect(throws: FulcrumError.self) { try batch.weighed(by: makeObjective()) }
    #expect(
      missing?.description == """
        fipo: expected 2 old log-probabilities, one for each token, got 0
          hint: the host must compute every column that the objective names in its 'needs'
        """)
  }
}
