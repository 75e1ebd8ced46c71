import Foundation
import FulcrumKernel
import Testing
import TransformerPlugin

struct CheckpointTests {
  private let batch = SequenceBatch(
    prompts: [[4, 5], [9]], completions: [[[6, 7], [8]], [[1, 2, 3]]])
  private let weights: [Float] = [1, -0.5, 2, 0.25, -1, 0.75]

  private func trained(_ policy: TransformerPolicy, steps: Int) throws {
    for _ in 0..<steps {
      try policy.accumulate(batch, weights: weights)
      _ = try policy.applyGradient(learningRate: 0.01)
    }
  }

  @Test(arguments: [true, false])
  func `a checkpoint in f32 is read to the same bits`(tied: Bool) throws {
    let policy = try Fixtures.smallPolicy(tied: tied)
    try trained(policy, steps: 1)
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let again = try Fixtures.policy(["checkpoint": .text(folder)])
      #expect(again.isReady)
      #expect(again.parameterBits == policy.parameterBits)
      #expect(again.summary == policy.summary)
      #expect(again.endToken == policy.endToken)
      #expect(again.contextLength == 96)
      #expect(again.parameterCount == policy.parameterCount)
      let text = "<|im_start|>knights and knaves<|im_end|>"
      #expect(try again.encode(text) == policy.encode(text))
      #expect(try again.decode(again.encode(text), keepingSpecialTokens: true) == text)
    }
  }

  @Test(arguments: [("bf16", 0x1p-8 as Float), ("f16", 0x1p-11)])
  func `a half precision checkpoint is within its rounding`(
    precision: String, relative: Float
  ) throws {
    let policy = try Fixtures.smallPolicy(more: ["save-precision": .text(precision)])
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let again = try Fixtures.policy(["checkpoint": .text(folder)])
      let network = try #require(policy.network)
      for tensor in network.layout.tensors {
        for (got, want) in zip(again.values(of: tensor), policy.values(of: tensor)) {
          // Half a unit in the last place; below f16's normal numbers, of 2^-14.
          #expect(abs(got - want) <= max(relative * abs(want), relative * 0x1p-14))
        }
      }
    }
  }

  @Test func `a resumed optimiser takes the same next steps`() throws {
    let policy = try Fixtures.smallPolicy()
    try trained(policy, steps: 2)
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      try policy.saveOptimizer(to: folder)
      let again = try Fixtures.policy(["checkpoint": .text(folder)])
      try again.loadOptimizer(from: folder)
      #expect(again.training?.optimizer.stepCount == 2)
      try trained(policy, steps: 2)
      try trained(again, steps: 2)
      #expect(again.parameterBits == policy.parameterBits)
    }
  }

  @Test func `damaged files are refused by file and tensor`() throws {
    let policy = try Fixtures.smallPolicy()
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      try policy.saveOptimizer(to: folder)
      let path = folder + "/model.safetensors"
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      try whole.replacing("model.norm.weight", with: "model.nork.weight")
        .write(to: URL(fileURLWithPath: path))
      let missing = #expect(throws: FulcrumError.self) {
        try Fixtures.policy(["checkpoint": .text(folder)])
      }
      #expect(missing?.code == .checkpoint)
      #expect(missing?.location == path)
      #expect(missing?.message.contains("model.norm.weight") == true)
      try whole.dropLast(10).write(to: URL(fileURLWithPath: path))
      let truncated = #expect(throws: FulcrumError.self) {
        try Fixtures.policy(["checkpoint": .text(folder)])
      }
      #expect(truncated?.code == .checkpoint)
      #expect(truncated?.location == path)

      let optimizerPath = folder + "/optimizer.safetensors"
      let state = try Data(contentsOf: URL(fileURLWithPath: optimizerPath))
      try state.replacing("\"step\":\"0\"", with: "\"step\":\"x\"")
        .write(to: URL(fileURLWithPath: optimizerPath))
      let stepless = #expect(throws: FulcrumError.self) {
        try policy.loadOptimizer(from: folder)
      }
      #expect(
        stepless?.message
          == "expected the number of steps in the metadata under 'step', got 'x'")
    }
  }

  @Test func `without a model every request says how to make one`() throws {
    let policy = try Fixtures.policy([:])
    #expect(!policy.isReady)
    let error = #expect(throws: FulcrumError.self) { try policy.encode("a") }
    #expect(
      error?.description
        == """
        transformer: the policy has no model yet
          hint: give its parameter 'checkpoint', or create a fresh one first
        """)
  }

  @Test func `sizes that don't fit each other are refused by parameter`() {
    func message(_ given: [String: ParameterValue]) -> String? {
      do {
        _ = try Fixtures.policy(given)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message(["heads": .integer(4), "key-value-heads": .integer(3)])
        == "policy.key-value-heads: expected a divisor of 4 heads, got 3")
    #expect(
      message(["width": .integer(130)])
        == """
        policy.width: expected a multiple of 4 heads, got 130
          hint: or give head-size
        """)
    #expect(
      message(["head-size": .integer(5)])
        == """
        policy.head-size: expected an even number, got 5
          hint: rotary positions turn pairs of components
        """)
  }

  @Test func `sequences that don't fit the model are refused by place and reason`() throws {
    let policy = try Fixtures.smallPolicy()
    func message(_ prompt: [Int32], _ completion: [Int32], temperature: Float = 1) -> String? {
      do {
        _ = try policy.allScores(
          SequenceBatch(prompts: [prompt], completions: [[completion]]),
          temperature: temperature)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(message([3], []) == nil)
    #expect(
      message([], [3])
        == """
        sequence 0: a prompt must have a token that the completion can follow, got an empty one
        """)
    #expect(
      message(Array(repeating: 3, count: 90), Array(repeating: 4, count: 7))
        == """
        sequence 0: expected at most 96 tokens of prompt and completion, got 97
          hint: shorten prompts or completions, or train a model of a longer context
        """)
    #expect(message([3], [-1])?.hasPrefix("sequence 0: expected a token from 0 to ") == true)
    #expect(
      message([3], [4], temperature: 0)
        == """
        transformer: expected a temperature above 0 to score at, got 0.0
          hint: greedy sampling is scored at temperature 1
        """)
  }
}
