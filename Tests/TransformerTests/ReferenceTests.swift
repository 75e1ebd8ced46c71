import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// The tiny checkpoints against what `transformers` and a float64 implementation made of them.
struct ReferenceTests {
  private func policy(_ name: String) throws -> TransformerPolicy {
    try Fixtures.policy(["checkpoint": .text(Fixtures.checkpoint(name))], threads: 2)
  }

  @Test(arguments: Fixtures.checkpoints)
  func `logits agree with transformers`(_ name: String) throws {
    let policy = try policy(name)
    let reference = try Fixtures.reference(name)
    // All but the last token predict one.
    let batch = SequenceBatch(whole: [reference.inputIds[0]], promptLengths: [1])
    let network = try #require(policy.network)
    let vocabulary = network.shape.vocabularySize
    var largest = 0.0
    try policy.accumulateGradient(
      of: batch, sequences: 0..<1, request: ScoreRequest(temperature: 1), participants: .all
    ) { _, scores, _ in
      for row in scores.logProbabilities.indices {
        for token in 0..<vocabulary {
          let got = network.tokenColumns.logits.pointer[row * vocabulary + token]
          let want = reference.logitsOfSequence0[row][token]
          largest = max(largest, abs(Double(got) - want))
        }
      }
    }
    #expect(policy.parameterCount > 0 && reference.logitsOfSequence0[0].count == vocabulary)
    // Both are float32 sums in different orders; logits are of size 10, so an ulp is 1e-6.
    #expect(largest < 2e-5, "\(largest)")
  }

  @Test(arguments: Fixtures.checkpoints)
  func `log-probabilities agree with transformers`(_ name: String) throws {
    let reference = try Fixtures.reference(name)
    let expected = zip(reference.tokenLogprobs, reference.promptLengths).flatMap {
      $0.dropFirst($1 - 1)
    }
    let scores = try policy(name).allScores(reference.batch)
    #expect(scores.logProbabilities.count == expected.count)
    // As above; a log-probability is a difference of two such sums.
    for (got, want) in zip(scores.logProbabilities, expected) { #expect(abs(got - want) < 1e-5) }
  }

  @Test(arguments: Fixtures.checkpoints)
  func `entropies and levers agree with softmax of the reference logits`(_ name: String) throws {
    let reference = try Fixtures.reference(name)
    let scores = try policy(name).allScores(reference.batch)
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

  @Test(arguments: Fixtures.checkpoints)
  func `gradients of every tensor agree with float64`(_ name: String) throws {
    let reference = try Fixtures.reference(name)
    let policy = try policy(name)
    let weights = zip(reference.weights, reference.promptLengths).flatMap { $0.dropFirst($1) }
    try policy.accumulate(reference.batch, weights: weights)
    let file = try TensorFile(
      path: Fixtures.checkpoint(name) + "/reference_grads_f64.safetensors")
    let network = try #require(policy.network)
    #expect(network.layout.tensors.map(\.name).sorted() == file.names)
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
