import FulcrumKernel
import RandomWeightsPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:], seed: UInt64 = 3) throws -> RandomWeights
{
  let parameters = try Parameters(given, for: RandomWeights.manual.parameters, at: "advantage[1]")
  return try RandomWeights(parameters, context: ComponentContext(seed: seed))
}

/// The weights of completions of ones, by prompt and completion.
private func weights(
  prompts: [[Int32]] = [[1, 2]], lengths: [[Int]], step: UInt32 = 1, seed: UInt64 = 3,
  spread: Double = 0.2
) throws -> [Float] {
  let sequences = SequenceBatch(
    prompts: prompts, completions: lengths.map { $0.map { Array(repeating: 7, count: $0) } })
  let batch = RolloutBatch(
    sequences: sequences, rewards: Array(repeating: 1, count: sequences.sequenceCount),
    isFinished: nil, columns: [:], step: step, minibatchOffsets: [0, sequences.sequenceCount])
  var result = [Float](repeating: 1, count: sequences.tokenCount)
  var span = result.mutableSpan
  try make(["spread": .number(spread)], seed: seed).transform(&span, of: batch)
  return result
}

@Suite struct RandomWeightsTests {
  @Test func `a weight is one draw of the token's counters`() throws {
    // FNV-1a, 32 bits, of the tokens 1 and 2: ((o ⊕ 1) p ⊕ 2) p with its offset o and prime p.
    let prompt = (((0x811c_9dc5 as UInt32) ^ 1) &* 0x0100_0193 ^ 2) &* 0x0100_0193
    let random = CounterRandom(seed: 3, purpose: "random-weights")
    let result = try weights(lengths: [[2, 3]], step: 5)
    let places: [(sample: UInt32, token: UInt32)] = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    for (got, place) in zip(result, places) {
      let draw = random.uniform(step: 5, prompt: prompt, sample: place.sample, token: place.token)
      #expect(got == Float(1 + 0.2 * (2 * Double(draw) - 1)))
    }
  }

  @Test func `weights are uniform around one`() throws {
    let result = try weights(lengths: [Array(repeating: 250, count: 80)])
    #expect(result.allSatisfy { $0 >= 0.8 && $0 <= 1.2 })
    let mean = result.reduce(0.0) { $0 + Double($1) } / 20_000
    let square = result.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 20_000
    // Of 20,000 draws of deviation 0.2/√3 = 0.1155 the mean deviates by 0.0008; five times that.
    #expect(abs(mean - 1) < 0.004)
    // The variance 0.04/3 deviates by about 0.6 % of itself.
    #expect(abs(square / (0.04 / 3) - 1) < 0.04)
    // A fifth of the width has a fifth of the draws, within five deviations of 57.
    for fifth in 0..<5 {
      let low = Float(0.8 + 0.08 * Double(fifth))
      #expect(abs(result.count { $0 >= low && $0 < low + 0.08 } - 4000) < 300)
    }
  }

  @Test func `neighbours, completions and steps are independent`() throws {
    let one = try weights(lengths: [[2000, 2000]], step: 1).map { Double($0) - 1 }
    let other = try weights(lengths: [[2000, 2000]], step: 2).map { Double($0) - 1 }
    func correlation(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (0.04 / 3) / 1999
    }
    // Each deviates by 1/√1999 = 0.022.
    #expect(abs(correlation(one[..<1999], one[1..<2000])) < 0.1)
    #expect(abs(correlation(one[..<1999], one[2000..<3999])) < 0.1)
    #expect(abs(correlation(one[..<1999], other[..<1999])) < 0.1)
  }

  @Test func `a draw is a function of seed, step and place alone`() throws {
    let first = try weights(lengths: [[4, 3]])
    #expect(try weights(lengths: [[4, 3]]) == first)
    // A longer or an earlier completion changes no other's.
    #expect(try weights(lengths: [[9, 3]]).suffix(3) == first.suffix(3))
    #expect(try weights(lengths: [[4, 3]], step: 2) != first)
    #expect(try weights(lengths: [[4, 3]], seed: 4) != first)
    #expect(try weights(prompts: [[1, 3]], lengths: [[4, 3]]) != first)
  }

  @Test func `the order of prompts changes no draw`() throws {
    let one = try weights(prompts: [[1, 2], [3]], lengths: [[2], [3, 1]])
    let other = try weights(prompts: [[3], [1, 2]], lengths: [[3, 1], [2]])
    #expect(one.prefix(2) == other.suffix(2))
    #expect(one.suffix(4) == other.prefix(4))
  }

  @Test func `a spread of zero changes no bit, and one of one no sign`() throws {
    #expect(try weights(lengths: [[50]], spread: 0) == Array(repeating: 1, count: 50))
    #expect(try weights(lengths: [[500]], spread: 1).allSatisfy { $0 >= 0 && $0 <= 2 })
  }

  @Test func `a batch without tokens is passed over`() throws {
    #expect(try weights(lengths: [[0, 0]]).isEmpty)
  }

  @Test func `the default is DelTA's control, and no column is needed`() throws {
    #expect(RandomWeights.manual.parameters.map(\.defaultValue) == [.number(0.2)])
    #expect(try make().needs.isEmpty)
    #expect(RandomWeights.manual.formula == "A ← u A, u uniform in 1 − a...1 + a")
  }

  @Test func `a spread above one is refused`() {
    let error = #expect(throws: FulcrumError.self) { try make(["spread": .number(1.5)]) }
    #expect(
      error?.description == """
        advantage[1].spread: expected a number in 0.0...1.0, got 1.5
          hint: a, half the width; 0: no change
        """)
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginRandomWeights(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "random-weights")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["random-weights"])
    #expect(registrar.failure == nil)
  }
}
