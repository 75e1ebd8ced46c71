import FulcrumKernel
import SinglePlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> Single {
  let parameters = try Parameters(given, for: Single.manual.parameters, at: "schedule")
  return try Single(parameters, context: ComponentContext())
}

/// Two prompts with completions of 2, 1 and 3 tokens, no columns.
private let ragged = RolloutBatch(
  sequences: SequenceBatch(prompts: [[1], [2]], completions: [[[1, 2], [3]], [[4, 5, 6]]]),
  rewards: [0, 1, 0])

@Suite struct SingleTests {
  @Test func `one phase holds all tokens`() throws {
    let single = try make()
    let advantages = [Float](repeating: 1, count: 6)
    let phases = try single.phases(for: ragged, advantages: advantages.span)
    #expect(phases.map(\.name) == ["all"])
    #expect(phases.map(\.participates) == [nil])
    #expect(single.passes == 1)
    #expect(single.nesting == .phaseByPhase)
    #expect(single.needs == [])
  }

  @Test(arguments: [2, 3, 64])
  func `repeats are as many phases of all tokens`(repeats: Int) throws {
    let single = try make(["repeats": .integer(repeats)])
    let advantages = [Float](repeating: 1, count: 6)
    let phases = try single.phases(for: ragged, advantages: advantages.span)
    #expect(phases.map(\.name) == (1...repeats).map { "all-\($0)" })
    #expect(phases.allSatisfy { $0.participates == nil })
    #expect(single.passes == repeats)
    #expect(single.nesting == .phaseByPhase)
  }

  @Test func `an empty batch has its phases too`() throws {
    let empty = RolloutBatch(
      sequences: SequenceBatch(prompts: [], completions: []), rewards: [])
    let none: [Float] = []
    let phases = try make(["repeats": .integer(2)]).phases(for: empty, advantages: none.span)
    #expect(phases.map(\.name) == ["all-1", "all-2"])
  }

  @Test(arguments: [0, 65])
  func `repeats beyond their range are refused`(repeats: Int) {
    let error = #expect(throws: FulcrumError.self) { try make(["repeats": .integer(repeats)]) }
    #expect(
      error?.description == """
        schedule.repeats: expected a whole number in 1...64, got \(repeats)
          hint: passes over all mini-batches; 2 takes as many optimiser steps as two phases
        """)
  }

  @Test func `the entry function registers one update scheduler`() {
    let registrar = PluginRegistrar()
    fulcrumPluginSingle(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "single")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.updateScheduler])
    #expect(registrar.components.map(\.manual.name) == ["single"])
    #expect(registrar.failure == nil)
  }
}
