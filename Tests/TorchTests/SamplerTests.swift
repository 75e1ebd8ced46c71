import FulcrumKernel
import Testing
import TorchPlugin

/// What vLLM samples for the engine; here the tests' engine stands for both.
@Suite("a sampler of its own") struct SamplerTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  @Test("the policy alone is sampled by it, and only where the parameter says so")
  func who() throws {
    #expect(try bench.policy().separateSampler == nil)
    let policy = try bench.policy(["sampler": .text("vllm")])
    #expect(policy.separateSampler == "vLLM")
    let copy = try policy.frozenCopy() as? TorchPolicy
    #expect(copy != nil && copy?.separateSampler == nil)
  }

  @Test("a request that was begun is answered from the weights of then")
  func ahead() throws {
    let policy = try bench.policy(["sampler": .text("vllm"), "optimizer": .text("sgd")])
    let before = try policy.generate(TorchPolicy.request)
    try policy.beginGenerating(TorchPolicy.request)
    try policy.accumulate { place in place == 0 ? 40 : 0 }
    _ = try policy.applyGradient(learningRate: 40)
    let ahead = try policy.finishGenerating()
    #expect(tokens(of: ahead) == tokens(of: before))
    #expect(ahead.logProbabilities == before.logProbabilities)
    let after = try policy.generate(TorchPolicy.request)
    #expect(after.logProbabilities != before.logProbabilities)
  }

  private func tokens(of generation: Generation) -> [Int32] {
    (0..<generation.sequences.tokenCount).map { generation.sequences.tokens[$0] }
  }

  @Test("nothing is there to wait for unless it was begun, and none begins without such a sampler")
  func refusals() throws {
    let policy = try bench.policy(["sampler": .text("vllm")])
    let none = #expect(throws: FulcrumError.self) { _ = try policy.finishGenerating() }
    #expect(
      none
        == FulcrumError(
          .usage, "expected a request to sample that was begun, there is none", at: "torch"))
    let own = #expect(throws: FulcrumError.self) {
      try bench.policy().beginGenerating(TorchPolicy.request)
    }
    #expect(
      own
        == FulcrumError(
          .unsupported, "the engine itself samples, and can't while it trains", at: "torch"))
  }
}
