import Foundation
import FulcrumKernel
import Testing
import TokenFilterPlugin

private func make(_ given: [String: ParameterValue]) throws -> TokenFilter {
  let parameters = try Parameters(given, for: TokenFilter.manual.parameters, at: "advantage[1]")
  return try TokenFilter(parameters, context: ComponentContext())
}

/// Returns what the filter leaves of advantages 1, 2, 3 … of one sequence's tokens.
private func kept(_ logProbabilities: [Float], from: Double, to: Double) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(
      prompts: [[1]], completions: [[Array(repeating: 7, count: logProbabilities.count)]]),
    rewards: [0], columns: [.oldLogProbabilities: logProbabilities])
  var result = logProbabilities.indices.map { Float($0 + 1) }
  var span = result.mutableSpan
  try make(["from": .number(from), "to": .number(to)]).transform(&span, of: batch)
  return result
}

private let logHalf = Float(log(0.5))

@Suite struct TokenFilterTests {
  @Test func `tokens in the interval keep their advantages`() throws {
    // Probabilities 1/8, 3/8, 5/8, 7/8: in the middle of each interval.
    let logs = [0.125, 0.375, 0.625, 0.875].map { Float(log($0)) }
    #expect(try kept(logs, from: 0, to: 0.25) == [1, 0, 0, 0])
    #expect(try kept(logs, from: 0.25, to: 0.5) == [0, 2, 0, 0])
    #expect(try kept(logs, from: 0.5, to: 0.75) == [0, 0, 3, 0])
    #expect(try kept(logs, from: 0.75, to: 1) == [0, 0, 0, 4])
    #expect(try kept(logs, from: 0.25, to: 0.75) == [0, 2, 3, 0])
  }

  @Test func `the lower end is in and the upper end is out`() throws {
    // expf(Float(log 0.5)) is exactly 0.5: the argument is off by 1.9e-9, a sixteenth of what
    // would reach the next Float.
    #expect(try kept([logHalf], from: 0.5, to: 0.75) == [1])
    #expect(try kept([logHalf], from: 0.25, to: 0.5) == [0])
  }

  @Test func `an end of one takes certain tokens in, one just below does not`() throws {
    // A log-probability of rounding's making, above 0, is certain, too.
    #expect(try kept([0, 1e-7], from: 0.75, to: 1) == [1, 2])
    // 0.99999999 is 1 as a Float; the end is open all the same.
    #expect(try kept([0, logHalf], from: 0.25, to: 0.99999999) == [0, 2])
  }

  @Test func `impossible tokens are in the lowest interval`() throws {
    #expect(try kept([-1000, -.infinity], from: 0, to: 0.25) == [1, 2])
  }

  @Test func `what is not a number is in no interval`() throws {
    #expect(try kept([.nan], from: 0, to: 1) == [0])
  }

  @Test(arguments: [51, 52, 53] as [UInt64])
  func `intervals that share ends share no token and leave none out`(seed: UInt64) throws {
    var state = seed
    let logs = (0..<500).map { _ -> Float in
      // Knuth's MMIX constants; the high bits are good enough for test data.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // Every fifth token is on an end.
      let uniform = Double(state >> 11) * 0x1p-53
      return Float(log(state >> 32 % 5 == 0 ? (uniform * 4).rounded() / 4 : uniform))
    }
    var sum = [Float](repeating: 0, count: logs.count)
    for quarter in 0..<4 {
      let part = try kept(logs, from: Double(quarter) / 4, to: Double(quarter + 1) / 4)
      for token in logs.indices { sum[token] += part[token] }
    }
    #expect(sum == logs.indices.map { Float($0 + 1) }, "seed \(seed)")
  }

  @Test func `both ends must be given`() {
    let error = #expect(throws: FulcrumError.self) { try make(["from": .number(0.5)]) }
    #expect(
      error?.description == """
        advantage[1].to: expected a number in 0.0...1.0, got nothing
          hint: the first probability that is not kept; 1: all are
        """)
  }

  @Test(arguments: [(0.75, 0.25), (0.5, 0.5)])
  func `an interval without probabilities is refused`(from: Double, to: Double) {
    let error = #expect(throws: FulcrumError.self) {
      try make(["from": .number(from), "to": .number(to)])
    }
    #expect(
      error?.description == """
        advantage[1].from: expected a number below 'to', \(to), got \(from)
          hint: no token would be kept
        """)
  }

  @Test func `ends that are the same Float are refused`() {
    let error = #expect(throws: FulcrumError.self) {
      try make(["from": .number(0.5), "to": .number(0.500000001)])
    }
    #expect(error?.message == "expected a number below 'to', 0.500000001, got 0.5")
  }

  @Test func `the old probability is needed, and a batch without it is refused`() throws {
    let transform = try make(["from": .number(0), "to": .number(0.5)])
    #expect(transform.needs == [.oldLogProbabilities])
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginTokenFilter(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "token-filter")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["token-filter"])
    #expect(registrar.failure == nil)
  }
}
