import Foundation
import FulcrumKernel
import LoptiPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> Lopti {
  let parameters = try Parameters(given, for: Lopti.manual.parameters, at: "scheduler")
  return try Lopti(parameters, context: ComponentContext())
}

/// The phases of one completion whose tokens have these log-probabilities.
private func phases(
  _ logProbabilities: [Float], _ given: [String: ParameterValue] = [:]
) throws -> [UpdatePhase] {
  let tokens = (0..<logProbabilities.count).map { Int32($0) }
  let batch = RolloutBatch(
    sequences: SequenceBatch(prompts: [[1]], completions: [[tokens]]), rewards: [0],
    columns: [.oldLogProbabilities: logProbabilities])
  let advantages = [Float](repeating: 1, count: tokens.count)
  return try make(given).phases(for: batch, advantages: advantages.span)
}

@Suite struct LoptiTests {
  /// log of 0.2, 0.5, 0.9 and 0.4.
  private let example = [0.2, 0.5, 0.9, 0.4].map { Float(log($0)) }

  @Test func `four tokens split at one half as in the manual`() throws {
    let phases = try phases(example)
    #expect(phases.map(\.name) == ["low", "high"])
    #expect(
      phases.map(\.participates) == [[true, false, false, true], [false, true, true, false]])
  }

  @Test func `high-first turns the order and keeps the groups`() throws {
    let phases = try phases(example, ["order": .text("high-first")])
    #expect(phases.map(\.name) == ["high", "low"])
    #expect(
      phases.map(\.participates) == [[false, true, true, false], [true, false, false, true]])
  }

  @Test func `a probability of exactly eta is high and the next below it is low`() throws {
    // exp(0) is exactly 1, so eta 1 is a boundary without rounding; the next Float below 0 whose
    // exponential differs from 1 is about -2^-25, so -2^-23 is surely below.
    let one = try phases([0, -0x1p-23], ["eta": .number(1)])
    #expect(one[0].participates == [false, true])
    #expect(one[1].participates == [true, false])
    // expf(Float(log 0.5)) is exactly 0.5: the argument is off by 1.9e-9, a sixteenth of what
    // would reach the next Float below. Two ulps (2^-23) less is 0.5 - 6e-8, which is below.
    let logHalf = Float(log(0.5))
    let half = try phases([logHalf, logHalf - 0x1p-23])
    #expect(half[0].participates == [false, true])
  }

  @Test func `eta zero leaves the low phase empty and eta above all probabilities the high one`()
    throws
  {
    let none = try phases(example, ["eta": .number(0)])
    #expect(
      none.map(\.participates) == [
        [false, false, false, false], [true, true, true, true],
      ])
    let all = try phases(example, ["eta": .number(0.95)])
    #expect(
      all.map(\.participates) == [
        [true, true, true, true], [false, false, false, false],
      ])
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `the masks partition random tokens and agree with Double`(seed: UInt64) throws {
    var state = seed
    func uniform() -> Double {
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    let eta = uniform()
    let logProbabilities = (0..<2000).map { _ in Float(log(uniform() + 1e-12)) }
    let phases = try phases(logProbabilities, ["eta": .number(eta)])
    let low = try #require(phases[0].participates)
    let high = try #require(phases[1].participates)
    #expect(low.count == 2000 && high.count == 2000)
    for token in 0..<2000 {
      #expect(low[token] != high[token], "seed \(seed)")
      let probability = exp(Double(logProbabilities[token]))
      // expf and Float(eta) are each good to an ulp, 2^-24 for numbers below 1: nearer than that
      // the two may differ, and no token of these seeds is.
      try #require(abs(probability - eta) > 0x1p-22, "seed \(seed)")
      #expect(low[token] == (probability < eta), "seed \(seed)")
    }
    // Both groups must be there, or the comparison above proves little.
    #expect(low.contains(true) && high.contains(true), "seed \(seed)")
  }

  @Test func `an empty batch has two empty phases`() throws {
    let phases = try phases([])
    #expect(phases.map(\.participates) == [[], []])
  }

  @Test func `the defaults are the paper's combined script's`() throws {
    #expect(
      Lopti.manual.parameters.map(\.defaultValue) == [
        .number(0.5), .text("low-first"), .number(0), .text("batch"),
      ])
    #expect(try make().nesting == .phaseByPhase)
    #expect(try make().passes == 1)
    #expect(try make().needs == [.oldLogProbabilities])
  }

  @Test func `an unknown order is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["order": .text("low")]) }
    #expect(
      error?.description == """
        scheduler.order: expected one of low-first, high-first, got low
          hint: which phase runs first; the paper finds high-first worse than no phases
        """)
  }

  @Test func `a batch without old log-probabilities is refused`() throws {
    let lopti = try make()
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[2]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      let advantages: [Float] = [1]
      _ = try lopti.phases(for: batch, advantages: advantages.span)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one update scheduler`() {
    let registrar = PluginRegistrar()
    fulcrumPluginLopti(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "lopti")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.updateScheduler])
    #expect(registrar.components.map(\.manual.name) == ["lopti"])
    #expect(registrar.failure == nil)
  }
}
