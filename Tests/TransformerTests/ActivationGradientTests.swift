import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Single tokens' gradients at the layers' activations.
struct ActivationGradientTests {
  private static let temperature: Float = 0.8

  /// Sequences of two groups; one completion is empty, one has a single token.
  private static let batch = SequenceBatch(
    prompts: [[5, 4, 7], [11]], completions: [[[7, 2, 3], [], [9]], [[8, 1, 10, 6]]])

  private struct Case: CustomTestStringConvertible, Sendable {
    let family: ModelFamily
    let isTied: Bool
    let way: ProductTests.Way
    var testDescription: String {
      "\(family), \(isTied ? "tied" : "untied"), \(way.precision) by \(way.products)"
    }
  }

  private static let exact: [Case] = ModelFamily.allCases.flatMap { family in
    [true, false].flatMap { isTied in
      ProductTests.ways.filter { $0.precision == "f32" }.map {
        Case(family: family, isTied: isTied, way: $0)
      }
    }
  }

  /// Few parameters and activations, so that a central difference of each is affordable.
  private func tinyPolicy(_ family: ModelFamily, tied: Bool, _ way: ProductTests.Way) throws
    -> TransformerPolicy
  {
    let shape: [String: ParameterValue] = [
      "vocabulary": .integer(259), "width": .integer(4), "head-size": .integer(2),
      "hidden-width": .integer(6), "context": .integer(16),
    ]
    return try Fixtures.variedPolicy(
      family, tied: tied, more: shape.merging(way.parameters) { _, new in new })
  }

  /// Long enough for several tiles of rows and blocks of attention.
  private func longBatch() -> SequenceBatch {
    SequenceBatch(
      prompts: [(0..<20).map { Int32(3 + $0 * 7 % 250) }, [9, 4]],
      completions: [
        [(0..<60).map { Int32(3 + $0 * 31 % 250) }, (0..<5).map { Int32(40 + $0) }],
        [(0..<70).map { Int32(3 + $0 * 11 % 250) }],
      ])
  }

  @Test(arguments: exact)
  private func `norms at every layer agree with central differences`(_ one: Case) throws {
    let policy = try tinyPolicy(one.family, tied: one.isTied, one.way)
    let tokens = [0, 2, 3, 5, 7]
    let found = try policy.activationGradients(
      of: tokens, in: Self.batch, temperature: Self.temperature)
    #expect(found.layers == ["embedding", "layer 1", "layer 2", "logits"])
    try #require(found.norms.count == 20)
    let oracle = try DoubleOracle(policy)
    let sequences: [[Int32]] = [
      [5, 4, 7, 7], [5, 4, 7, 7, 2, 3], [5, 4, 7, 9], [11, 8, 1], [11, 8, 1, 10, 6],
    ]
    for (row, tokens) in sequences.enumerated() {
      for layer in 0..<3 {
        let (norm, own) = numericNorms(oracle, tokens, layer: layer)
        // Float32 against Double: two layers of sums, each rounding 6e-8; the differences' own
        // error, h² / 6 of a third derivative plus 1e-16 / h, is below 1e-8 of numbers near 1.
        let tolerance = 2e-5 * max(norm, 0.1)
        #expect(abs(Double(found.norms[row * 4 + layer]) - norm) < tolerance)
        #expect(abs(Double(found.ownNorms[row * 4 + layer]) - own) < tolerance)
        #expect(norm > 0.001)
        // What a position before says comes through attention: below the last layer all pull.
        #expect(layer == 2 ? own == norm : own < norm)
      }
    }
  }

  /// Over all positions, and at the last before the token.
  private func numericNorms(_ oracle: DoubleOracle, _ tokens: [Int32], layer: Int) -> (
    all: Double, own: Double
  ) {
    let prefix = Array(tokens.dropLast())
    let target = Int(tokens[tokens.count - 1])
    let h = 1e-5
    var (all, own) = (0.0, 0.0)
    for position in prefix.indices {
      var square = 0.0
      for component in 0..<oracle.shape.width {
        func log(_ amount: Double) -> Double {
          var moved = oracle
          moved.nudge = .init(
            layer: layer, position: position, component: component, amount: amount)
          return Foundation.log(
            moved.probabilities(after: prefix, temperature: Double(Self.temperature))[target])
        }
        let slope = (log(h) - log(-h)) / (2 * h)
        square += slope * slope
      }
      all += square
      own = square
    }
    return (all.squareRoot(), own.squareRoot())
  }

  @Test(arguments: ProductTests.ways)
  func `the norm at the logits times the temperature is the lever`(_ way: ProductTests.Way) throws {
    let policy = try Fixtures.variedPolicy(.qwen2, more: way.parameters)
    let batch = longBatch()
    let levers = try policy.allScores(batch, temperature: Self.temperature).levers
    let found = try policy.activationGradients(
      of: Array(0..<batch.tokenCount), in: batch, temperature: Self.temperature)
    for token in 0..<batch.tokenCount {
      let norm = found.norms[token * 4 + 3] * Self.temperature
      // Scores don't depend on how sequences are packed; then some float32 exponentials each.
      #expect(abs(norm - levers[token]) < 4e-6)
      #expect(found.ownNorms[token * 4 + 3] == found.norms[token * 4 + 3])
    }
  }

  /// In all precisions: both are sums of the same rows.
  @Test(arguments: ProductTests.ways)
  func `the norm at the embedding is that of the embeddings' own gradient`(
    _ way: ProductTests.Way
  ) throws {
    let policy = try Fixtures.variedPolicy(.qwen3, tied: false, more: way.parameters)
    // Distinct tokens, so that no row of the table gets two positions' gradients.
    let tokens = (0..<40).map { Int32(3 + $0 * 7 % 250) }
    let batch = SequenceBatch(
      prompts: [Array(tokens.prefix(10))], completions: [[Array(tokens.dropFirst(10))]])
    let asked = 17
    let found = try policy.activationGradients(of: [asked], in: batch, temperature: 1)
    try policy.accumulate(
      batch, weights: (0..<batch.tokenCount).map { $0 == asked ? 1 : 0 })
    let network = try #require(policy.network)
    let table = try #require(
      network.layout.tensors.first { $0.name == "model.embed_tokens.weight" })
    let gradient = policy.gradient(of: table).map(Double.init)
    let width = network.shape.width
    let own = Int(tokens[10 + asked - 1]) * width
    // The longer sequence's products may be cut otherwise: some float32 roundings.
    let tolerance = 1e-5
    #expect(abs(Double(found.norms[0]) / norm(gradient) - 1) < tolerance)
    #expect(abs(Double(found.ownNorms[0]) / norm(gradient[own..<own + width]) - 1) < tolerance)
    #expect(found.ownNorms[0] < found.norms[0])
  }

  private func norm(_ values: some Sequence<Double>) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  @Test(arguments: ProductTests.ways)
  func `accumulated gradients and parameters stay as they are`(_ way: ProductTests.Way) throws {
    let batch = longBatch()
    let weights = (0..<batch.tokenCount).map { Float($0 * 7 % 5) - 2 }
    func trained(looking: Bool) throws -> (gradient: [UInt32], parameters: [UInt32]) {
      let policy = try Fixtures.variedPolicy(.llama, more: way.parameters)
      try policy.accumulate(batch, weights: weights)
      if looking { _ = try policy.activationGradients(of: [0, 9, 61], in: batch, temperature: 1) }
      let tensors = try #require(policy.network).layout.tensors
      let gradient = tensors.flatMap { policy.gradient(of: $0).map(\.bitPattern) }
      try policy.accumulate(batch, weights: weights)
      _ = try policy.applyGradient(learningRate: 0.01)
      return (gradient, policy.parameterBits)
    }
    let plain = try trained(looking: false)
    let looked = try trained(looking: true)
    #expect(looked.gradient == plain.gradient)
    #expect(looked.parameters == plain.parameters)
    #expect(plain.gradient.contains { $0 != 0 })
  }

  @Test(arguments: ProductTests.ways)
  func `bits don't depend on the number of threads`(_ way: ProductTests.Way) throws {
    let batch = longBatch()
    let tokens = Array(stride(from: 0, to: batch.tokenCount, by: 2))
    func found(threads: Int) throws -> ActivationGradients {
      let policy = try Fixtures.variedPolicy(.qwen3, threads: threads, more: way.parameters)
      return try policy.activationGradients(of: tokens, in: batch, temperature: 1)
    }
    let one = try found(threads: 1)
    #expect(one.norms.allSatisfy { $0.isFinite && $0 > 0 })
    for threads in [2, 3] {
      let more = try found(threads: threads)
      #expect(more.norms == one.norms)
      #expect(more.ownNorms == one.ownNorms)
    }
  }

  @Test(arguments: ProductTests.ways)
  func `tokens asked alone, together or in pieces give the same`(_ way: ProductTests.Way) throws {
    let batch = longBatch()
    let policy = try Fixtures.variedPolicy(.qwen2, more: way.parameters)
    // Pieces of few rows; logits of 32 tokens at a time, computed again; no packing at all.
    let others = try [
      ["microbatch-tokens": .integer(100)], ["logit-rows": .integer(32)], ["packing": .flag(false)],
    ].map { (more: [String: ParameterValue]) in
      try Fixtures.variedPolicy(.qwen2, more: way.parameters.merging(more) { $1 })
    }
    let tokens = Array(0..<40) + [59, 60, 64, 65, 134]
    let together = try policy.activationGradients(of: tokens, in: batch, temperature: 1)
    let cut = try others.map {
      try $0.activationGradients(of: tokens, in: batch, temperature: 1).norms
    }
    var alone: [Float] = []
    for token in tokens {
      alone += try policy.activationGradients(of: [token], in: batch, temperature: 1).norms
    }
    for (place, norm) in together.norms.enumerated() {
      // OpenBLAS may cut the products of the backward pass otherwise.
      #expect(abs(alone[place] / norm - 1) < 1e-5)
      for norms in cut { #expect(abs(norms[place] / norm - 1) < 1e-5) }
    }
    #expect(try policy.activationGradients(of: [], in: batch, temperature: 1).norms.isEmpty)
  }

  @Test func `wrong requests are refused`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = Self.batch
    func message(_ tokens: [Int], temperature: Float = 1, _ batch: SequenceBatch = batch)
      -> String
    {
      do throws(FulcrumError) {
        _ = try policy.activationGradients(of: tokens, in: batch, temperature: temperature)
        return "none"
      } catch { return "\(error.code.rawValue) \(error)" }
    }
    #expect(
      message([0, 8])
        == "usage transformer: expected places among the 8 completion tokens, got 8")
    #expect(
      message([-1]) == "usage transformer: expected places among the 8 completion tokens, got -1")
    #expect(
      message([3, 3]) == "usage transformer: expected tokens in ascending order, got 3 after 3")
    #expect(
      message([0], temperature: 0).hasPrefix(
        "usage transformer: expected a temperature above 0 to score at, got 0.0"))
    let wild = SequenceBatch(prompts: [[1], [1]], completions: [[[2, 3]], [[999]]])
    #expect(
      message([2], wild).hasPrefix("data sequence 1: expected a token from 0 to "))
    // A sequence that isn't asked about isn't looked at, as with scores.
    #expect(message([0, 1], wild) == "none")
  }
}
