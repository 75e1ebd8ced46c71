import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// The tiny checkpoint against what `transformers` and a float64 implementation made of it.
struct ReferenceTests {
  private struct Reference: Decodable {
    let promptLengths: [Int]
    let inputIds: [[Int32]]
    let weights: [[Float]]
    let tokenLogprobs: [[Float]]
    let logitsOfSequence0: [[Double]]
  }

  private let policy: TransformerPolicy
  private let reference: Reference
  private let batch: SequenceBatch

  init() throws {
    policy = try Fixtures.policy(["checkpoint": .text(Fixtures.tinyLlama)], threads: 2)
    let data = try Data(
      contentsOf: URL(fileURLWithPath: Fixtures.tinyLlama + "/reference.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    reference = try decoder.decode(Reference.self, from: data)
    batch = SequenceBatch(
      whole: reference.inputIds, promptLengths: reference.promptLengths)
  }

  @Test func `log-probabilities agree with transformers`() throws {
    let expected = zip(reference.tokenLogprobs, reference.promptLengths).flatMap {
      $0.dropFirst($1 - 1)
    }
    let scores = try policy.allScores(batch)
    #expect(scores.logProbabilities.count == expected.count)
    // Both are float32 sums in different orders over logits of size 10: some 1e-6 apart.
    for (got, want) in zip(scores.logProbabilities, expected) { #expect(abs(got - want) < 1e-5) }
  }

  @Test func `entropies and levers agree with softmax of the reference logits`() throws {
    let scores = try policy.allScores(batch)
    let promptLength = reference.promptLengths[0]
    let tokens = reference.inputIds[0]
    for i in 0..<tokens.count - promptLength {
      let logits = reference.logitsOfSequence0[promptLength - 1 + i]
      let largest = logits.max() ?? 0
      let exponentials = logits.map { exp($0 - largest) }
      let total = exponentials.reduce(0, +)
      let probabilities = exponentials.map { $0 / total }
      let entropy = -probabilities.reduce(0) { $0 + $1 * log($1) }
      let token = Int(tokens[promptLength + i])
      let lever = probabilities.enumerated().reduce(0) { sum, entry in
        let difference = (entry.offset == token ? 1 : 0) - entry.element
        return sum + difference * difference
      }.squareRoot()
      // The logits are float32 of another implementation: as above.
      #expect(abs(Double(scores.entropies[i]) - entropy) < 1e-5)
      #expect(abs(Double(scores.levers[i]) - lever) < 1e-5)
    }
  }

  @Test func `gradients of every tensor agree with float64`() throws {
    let weights = zip(reference.weights, reference.promptLengths).flatMap { $0.dropFirst($1) }
    try policy.accumulate(batch, weights: weights)
    let file = try TensorFile(path: Fixtures.tinyLlama + "/reference_grads_f64.safetensors")
    let network = try #require(policy.network)
    for tensor in network.layout.tensors {
      var expected = [Float](repeating: 0, count: tensor.count)
      var span = expected.mutableSpan
      try file.read(tensor.name, shape: tensor.shape, into: &span)
      let largest = expected.reduce(0) { max($0, abs($1)) }
      // The reference is of the loss −Σ w log π.
      let fault = zip(policy.gradient(of: tensor), expected).reduce(0) { max($0, abs($1.0 + $1.1)) }
      // Two layers in float32: some 20 roundings of 6e-8 on each path, and sums over 87 tokens.
      #expect(fault / largest < 2e-5, "\(tensor.name): \(fault / largest)")
    }
  }
}
