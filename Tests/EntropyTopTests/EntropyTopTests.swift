import EntropyTopPlugin
import FulcrumKernel
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> EntropyTop {
  let parameters = try Parameters(given, for: EntropyTop.manual.parameters, at: "advantage[1]")
  return try EntropyTop(parameters, context: ComponentContext())
}

/// Returns what the filter leaves of advantages 1, 2, 3 … of sequences whose tokens have these
/// entropies.
private func kept(
  _ entropies: [[Float]], _ given: [String: ParameterValue] = [:]
) throws -> [Float] {
  let all = entropies.flatMap(\.self)
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]], completions: [entropies.map { Array(repeating: 7, count: $0.count) }]),
    rewards: entropies.map { _ in 0 }, columns: [.entropies: all])
  var result = (1...max(all.count, 1)).prefix(all.count).map { Float($0) }
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

@Suite struct EntropyTopTests {
  @Test func `a fifth of ten tokens is two`() throws {
    // The 0.8 quantile of 0.1 … 1.0 is between the eighth and the ninth: 0.8 + 0.2 · 0.1.
    let result = try kept([[0.1, 0.9, 0.3], [1.0, 0.5, 0.6, 0.7], [0.8, 0.2, 0.4]])
    #expect(result == [0, 2, 0, 4, 0, 0, 0, 0, 0, 0])
  }

  @Test func `the threshold is the batch's, not each sequence's`() throws {
    // The second sequence has none of the half.
    let result = try kept([[2, 3], [0, 1]], ["share": .number(0.5)])
    #expect(result == [1, 2, 0, 0])
  }

  @Test func `tokens on the threshold are kept, all of them`() throws {
    // Five tokens: the 0.75 quantile is the fourth, 2, which three have.
    let result = try kept([[2, 2, 1, 2, 0]], ["share": .number(0.25)])
    #expect(result == [1, 2, 0, 4, 0])
  }

  @Test func `a share of one keeps every token and of zero the very highest`() throws {
    #expect(try kept([[0.3, 0.1], [0.2]], ["share": .number(1)]) == [1, 2, 3])
    #expect(try kept([[0.3, 0.1], [0.2]], ["share": .number(0)]) == [1, 0, 0])
  }

  @Test func `tokens of equal entropy are all kept, certain ones too`() throws {
    #expect(try kept([[0, 0, 0]]) == [1, 2, 3])
  }

  @Test func `one token is kept`() throws {
    #expect(try kept([[0.3]]) == [1])
  }

  @Test func `a batch without tokens is passed over`() throws {
    #expect(try kept([[], []]).isEmpty)
  }

  @Test func `the kept share is the one asked for, whatever the entropies`() throws {
    var state: UInt64 = 7
    let entropies = (0..<1001).map { _ -> Float in
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) * 0x1p-24
    }
    for share in [0.05, 0.2, 0.5, 0.75] {
      let result = try kept([entropies], ["share": .number(share)])
      let least = zip(result, entropies).filter { $0.0 > 0 }.map(\.1).min() ?? 0
      let count = result.count { $0 > 0 }
      // Among 1001 distinct values, the (1 - share) quantile is one of them or just below the next.
      #expect(count == Int((share * 1000).rounded(.down)) + 1, "share \(share)")
      #expect(entropies.count { $0 >= least } == count, "share \(share)")
    }
  }

  @Test func `the default is the paper's fifth`() throws {
    #expect(EntropyTop.manual.parameters.map(\.defaultValue) == [.number(0.2)])
    #expect(try make().needs == [.entropies])
  }

  @Test func `a share above one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["share": .number(20)]) }
    #expect(
      error?.description == """
        advantage[1].share: expected a number in 0.0...1.0, got 20.0
          hint: of the batch's tokens; 1: all, 0: only those of the very highest entropy
        """)
  }

  @Test func `an entropy that is not a number is named and nothing is changed`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5, 6]]]), rewards: [0],
      columns: [.entropies: [0.1, .nan]])
    var advantages: [Float] = [1, 2]
    let transform = try make()
    let error = #expect(throws: FulcrumError.self) {
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.code == .notFinite)
    #expect(
      error?.description == """
        expected entropies, got one that is not a number
          hint: the policy's logits are damaged; look at the steps before this one
        """)
    #expect(advantages == [1, 2])
  }

  @Test func `a batch without entropies is refused`() throws {
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0])
    let transform = try make()
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column entropies was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginEntropyTop(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "entropy-top")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["entropy-top"])
    #expect(registrar.failure == nil)
  }
}
