import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Whole models from GGUF files, against what transformers computes with the values that the package
/// gguf gives for their blocks (Tests/Fixtures/gguf/make-models.py).
struct GGUFModelTests {
  private struct Expected: Decodable {
    let tokens: [[Int32]]
    let logProbabilities: [[Float]]
  }

  private func expected(_ name: String) throws -> Expected {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let path = Fixtures.checkpoint("gguf/models.json")
    let all = try decoder.decode(
      [String: Expected].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    return try #require(all[name])
  }

  private func withPolicy(
    _ name: String, _ body: (TransformerPolicy, Tokenizer) throws -> Void
  ) throws {
    try Fixtures.withTemporaryFolder { folder in
      try TransformerPolicy.importModel(
        from: Fixtures.checkpoint("gguf/\(name).gguf"), to: folder)
      let policy = try Fixtures.policy(["checkpoint": .text(folder)])
      try body(policy, try Tokenizer(folder: folder))
    }
  }

  /// 17 types of tensors, biases, norms of heads, wide heads, a head of its own, rows in pairs, and two
  /// rotary scalings are in these.
  @Test(arguments: ["qwen2", "qwen3", "llama3", "linear"])
  func `an imported model has the log-probabilities of transformers`(_ name: String) throws {
    let expected = try expected(name)
    try withPolicy(name) { policy, _ in
      let count = expected.tokens.count
      let batch = SequenceBatch(
        whole: expected.tokens, promptLengths: Array(repeating: 1, count: count))
      let got = try policy.allScores(batch).logProbabilities
      let wanted = expected.logProbabilities.flatMap(\.self)
      #expect(got.count == wanted.count && got.count == 16 + 59)
      // Float32 sums against float64: logits are of size 10, so an ulp is 1e-6.
      for (got, wanted) in zip(got, wanted) { #expect(abs(got - wanted) < 1e-5) }
    }
  }

  @Test func `scalings are those that the reference was given`() throws {
    try withPolicy("llama3") { policy, _ in
      #expect(
        policy.network?.shape.ropeScaling
          == .llama3(
            RopeScaling.Llama3(
              factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 40)))
    }
    try withPolicy("linear") { policy, _ in
      #expect(policy.network?.shape.ropeScaling == .linear(factor: 4))
    }
  }

  @Test func `an imported Qwen2 has its tokens and its chat template`() throws {
    let text = "Knights say: 12 + 34?\n it's"
    let original = try Tokenizer(folder: Fixtures.checkpoint("tiny-qwen2"))
    for name in ["qwen2", "qwen3"] {
      try withPolicy(name) { policy, tokenizer in
        #expect(tokenizer.encode(text) == original.encode(text))
        #expect(tokenizer.prefixTokens.isEmpty)
        // Eight rows behind the last token have none.
        #expect(tokenizer.vocabularySize == 512)
        let rendered = try policy.render([ChatMessage(.user, "2 + 2?")])
        #expect(
          rendered
            == (name == "qwen2"
              ? "<|im_start|>user\n2 + 2?<|im_end|>\n<|im_start|>assistant\n" : nil))
      }
    }
  }
}
