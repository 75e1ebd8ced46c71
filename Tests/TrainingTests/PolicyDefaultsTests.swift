import FulcrumKernel
import PolicyTestSupport
import Testing

/// What a policy answers that only does what it must.
@Suite struct PolicyDefaultsTests {
  private func message(_ work: () throws(FulcrumError) -> Void) -> String? {
    do {
      try work()
      return nil
    } catch {
      return "\(error.code.rawValue): \(error)"
    }
  }

  @Test func `what it can't do it says`() throws {
    let policy = try BigramPolicy()
    #expect(policy.facts.isEmpty)
    #expect(
      message { () throws(FulcrumError) in try policy.saveGradient(to: "x") }
        == "unsupported: bigram: the policy can't save its gradient")
    #expect(
      message { () throws(FulcrumError) in try BigramPolicy.importModel(from: "x", to: "y") }
        == "unsupported: bigram: the policy can't import models of other formats")
    #expect(
      message { () throws(FulcrumError) in _ = try BigramPolicy.makeCodec(from: "x") }
        == "unsupported: bigram: the policy can't read a tokenizer without its model")
  }

  @Test func `it samples unobserved`() throws {
    let request = GenerationRequest(
      prompts: [.init(tokens: [1], id: 0)], samplesPerPrompt: 2, maximumTokens: 5, temperature: 1,
      seed: 3, step: 0)
    #expect(request.topK == 0 && request.topP == 1)
    let policy = try BigramPolicy()
    let expected = try policy.generate(request).logProbabilities
    let got = try policy.generate(request) { _, _, _ in Issue.record("called") }
    #expect(got.logProbabilities == expected)
  }
}
