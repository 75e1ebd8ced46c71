import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Plain ascent: `optimizer: sgd`.
struct GradientAscentTests {
  private let pool = ThreadPool(threads: 2)
  private let batch = SequenceBatch(
    prompts: [[4, 5], [9]], completions: [[[6, 7], [8]], [[1, 2, 3]]])
  private let weights: [Float] = [1, -0.5, 2, 0.25, -1, 0.75]

  private func buffer(_ values: [Float]) -> FloatBuffer {
    let buffer = FloatBuffer(count: values.count)
    for (i, value) in values.enumerated() { buffer.pointer[i] = value }
    return buffer
  }

  private func step(
    _ start: [Float], _ gradient: [Float], decay: Double = 0, limit: Double = 0,
    undecayed: [Range<Int>] = []
  ) throws -> (values: [Float], report: GradientReport) {
    let settings = OptimizerSettings(
      choice: .sgd, weightDecay: decay, maximumGradientNorm: limit)
    let optimizer = GradientAscent(settings, count: start.count, undecayed: undecayed)
    let parameters = buffer(start)
    let report = try optimizer.step(
      parameters, gradients: buffer(gradient), learningRate: 0.25, pool: pool)
    #expect(optimizer.stepCount == 1 && optimizer.moments.isEmpty)
    return (start.indices.map { parameters.pointer[$0] }, report)
  }

  /// 1 + 1/4 · (2, −4, 0); with a decay of 2/5 what decays has lost 1/4 · 2/5 of itself.
  @Test func `a step is the learning rate times the gradient`() throws {
    let plain = try step([1, 1, 1], [2, -4, 0])
    #expect(plain.values == [1.5, 0, 1])
    #expect(plain.report.norm == 20.squareRoot() && !plain.report.isClipped)
    let decayed = try step([1, 1, 1], [2, -4, 0], decay: 0.4, undecayed: [2..<3])
    #expect(abs(decayed.values[0] - 1.4) < 1e-6 && abs(decayed.values[1] + 0.1) < 1e-6)
    #expect(decayed.values[2] == 1)
  }

  /// (3, −4) has norm 5: to a limit of 2 it shrinks to (6/5, −8/5), a quarter of which is the step.
  @Test func `a long gradient is shortened, and the decay stays as it is`() throws {
    let (values, report) = try step([1, 1], [3, -4], decay: 0.4, limit: 2)
    #expect(report.norm == 5 && report.isClipped)
    // `clip_grad_norm_` divides by 5 + 1e-6.
    #expect(abs(values[0] - 1.2) < 1e-6 && abs(values[1] - 0.5) < 1e-6)
  }

  @Test func `a policy moves along its gradient, and its constants of Adam don't matter`() throws {
    var results: [[UInt32]] = []
    for beta in [0.5, 0.9] {
      let policy = try Fixtures.smallPolicy(
        more: [
          "optimizer": .text("sgd"), "weight-decay": .number(0), "beta1": .number(beta),
          "max-gradient-norm": .number(0),
        ])
      let tensors = try #require(policy.network).layout.tensors
      try policy.accumulate(batch, weights: weights)
      let before = tensors.flatMap { policy.values(of: $0) }
      let gradient = tensors.flatMap { policy.gradient(of: $0) }
      _ = try policy.applyGradient(learningRate: 0.125)
      let after = tensors.flatMap { policy.values(of: $0) }
      for i in before.indices {
        // One rounding of a fused product and sum, or two.
        #expect(abs(after[i] - (before[i] + 0.125 * gradient[i])) <= 1.2e-7 * abs(after[i]) + 1e-12)
      }
      #expect(after != before)
      results.append(policy.parameterBits)
    }
    #expect(results[0] == results[1])
  }

  @Test(arguments: ["f32", "bf16"])
  func `a resumed run takes the same next steps`(precision: String) throws {
    let given: [String: ParameterValue] = [
      "optimizer": .text("sgd"), "save-precision": .text(precision),
    ]
    let policy = try Fixtures.smallPolicy(more: given)
    func train(_ policy: TransformerPolicy) throws {
      for _ in 0..<2 {
        try policy.accumulate(batch, weights: weights)
        _ = try policy.applyGradient(learningRate: 0.01)
      }
    }
    try train(policy)
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      try policy.saveOptimizer(to: folder)
      let again = try Fixtures.policy(given.merging(["checkpoint": .text(folder)]) { $1 })
      try again.loadOptimizer(from: folder)
      #expect(again.training?.optimizer.stepCount == 2)
      #expect(again.parameterBits == policy.parameterBits)
      try train(policy)
      try train(again)
      #expect(again.parameterBits == policy.parameterBits)
    }
  }

  @Test(arguments: [("adamw", "sgd"), ("sgd", "adamw")])
  func `the state of the other optimiser is refused by name`(stored: String, own: String) throws {
    let policy = try Fixtures.smallPolicy(more: ["optimizer": .text(stored)])
    let other = try Fixtures.smallPolicy(more: ["optimizer": .text(own)])
    for policy in [policy, other] {
      try policy.accumulate(batch, weights: weights)
      _ = try policy.applyGradient(learningRate: 0.01)
    }
    let before = other.parameterBits
    try Fixtures.withTemporaryFolder { folder in
      try policy.saveOptimizer(to: folder)
      let error = try #require(throws: FulcrumError.self) {
        try other.loadOptimizer(from: folder)
      }
      #expect(error.code == .checkpoint)
      #expect(
        error.description
          == """
          \(folder)/optimizer.safetensors: expected the state of the optimiser '\(own)', got that \
          of '\(stored)'
            hint: set the policy's parameter 'optimizer' to '\(stored)' to go on from it
          """)
    }
    #expect(other.parameterBits == before && other.training?.optimizer.stepCount == 1)
  }

  @Test func `the manual says which parameters name the checkpoint and the optimiser`() {
    let meanings = TransformerPolicy.manual.parameters.filter { $0.meaning != nil }
    #expect(
      meanings.map(\.name) == ["checkpoint", "optimizer", "weight-decay", "max-gradient-norm"])
    #expect(meanings.map(\.meaning) == [.checkpoint, .optimizer, .weightDecay, .gradientLimit])
    #expect(meanings[1].kind == .choice(["adamw", "sgd"]))
  }
}
