import Foundation
import FulcrumKernel
import Testing
import TransformerPlugin

struct AdamWTests {
  private let pool = ThreadPool(threads: 2)

  private func settings(decay: Double = 0.1, limit: Double = 0) -> OptimizerSettings {
    OptimizerSettings(
      beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: decay, maximumGradientNorm: limit)
  }

  private func buffer(_ values: [Float]) -> FloatBuffer {
    let buffer = FloatBuffer(count: values.count)
    for (i, value) in values.enumerated() { buffer.pointer[i] = value }
    return buffer
  }

  @Test func `the first step moves by the learning rate towards the gradient's sign`() throws {
    let optimizer = AdamW(settings(decay: 0), count: 3)
    let parameters = buffer([1, 1, 1])
    let report = try optimizer.step(
      parameters, gradients: buffer([3, -4, 0]), learningRate: 0.25, pool: pool)
    // m̂ / √v̂ is ±1 (epsilon is 1e-8 of it), and 0 where the gradient is.
    #expect(abs(parameters.pointer[0] - 1.25) < 1e-6)
    #expect(abs(parameters.pointer[1] - 0.75) < 1e-6)
    #expect(parameters.pointer[2] == 1)
    #expect(report.norm == 5)
    #expect(!report.isClipped)
  }

  @Test func `three steps with decay and clipping agree with Double`() throws {
    let count = 70_001
    let optimizer = AdamW(settings(limit: 2), count: count)
    let start = (0..<count).map { Float(sin(Double($0))) }
    let parameters = buffer(start)
    var exact = start.map(Double.init)
    var first = [Double](repeating: 0, count: count)
    var second = first
    for step in 1...3 {
      let gradient = (0..<count).map { Float(cos(Double($0 * step)) * 0.05) }
      let report = try optimizer.step(
        parameters, gradients: buffer(gradient), learningRate: 0.01, pool: pool)
      let norm = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(report.norm - norm) < 1e-9)
      #expect(report.isClipped)
      let scale = 2 / (norm + 1e-6)
      for i in 0..<count {
        let g = -Double(gradient[i]) * scale
        first[i] = 0.9 * first[i] + 0.1 * g
        second[i] = 0.999 * second[i] + 0.001 * g * g
        exact[i] *= 1 - 0.01 * 0.1
        let m = first[i] / (1 - pow(0.9, Double(step)))
        let v = second[i] / (1 - pow(0.999, Double(step)))
        exact[i] -= 0.01 * m / (v.squareRoot() + 1e-8)
      }
    }
    var worst = 0.0
    for i in 0..<count { worst = max(worst, abs(Double(parameters.pointer[i]) - exact[i])) }
    // Numbers near 1 rounded three times at 6e-8, and updates of 0.01 at 1e-7 of them.
    #expect(worst < 4e-7, "\(worst)")
  }

  @Test func `a gradient that is not finite changes nothing and is cleared`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7]]])
    try policy.accumulate(batch, weights: [1, 1])
    _ = try policy.applyGradient(learningRate: 0.01)
    let before = policy.parameterBits
    try policy.accumulate(batch, weights: [.infinity, 1])
    let error = #expect(throws: FulcrumError.self) {
      try policy.applyGradient(learningRate: 0.01)
    }
    #expect(error?.code == .notFinite)
    #expect(error?.message == "expected a finite gradient, got one of norm nan")
    #expect(policy.parameterBits == before)
    #expect(policy.training?.optimizer.stepCount == 1)
    let network = try #require(policy.network)
    for tensor in network.layout.tensors {
      #expect(policy.gradient(of: tensor).allSatisfy { $0 == 0 })
    }
  }

  @Test func `an entropy weight that is not finite is noticed too`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7]]])
    let before = policy.parameterBits
    try policy.accumulate(batch, weights: [0, 0], entropyWeights: [.nan, 0])
    #expect(throws: FulcrumError.self) { try policy.applyGradient(learningRate: 0.01) }
    #expect(policy.parameterBits == before)
  }

  @Test func `steps along the gradient of the entropy raise it`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7, 8], [9]]])
    let before = try policy.allScores(batch).entropies
    for _ in 0..<20 {
      try policy.accumulate(batch, weights: [0, 0, 0, 0], entropyWeights: [1, 1, 1, -1])
      _ = try policy.applyGradient(learningRate: 0.01)
    }
    let after = try policy.allScores(batch).entropies
    // The first tokens of both completions have one distribution, so 1 and −1 cancel there.
    #expect(after[1] > before[1] && after[2] > before[2])
  }

  @Test func `steps along the gradient raise the objective`() throws {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7, 8], [9]]])
    let before = try policy.allScores(batch).logProbabilities
    for _ in 0..<20 {
      try policy.accumulate(batch, weights: [1, 1, 1, -1])
      _ = try policy.applyGradient(learningRate: 0.01)
    }
    let after = try policy.allScores(batch).logProbabilities
    for i in 0..<3 { #expect(after[i] > before[i]) }
    #expect(after[3] < before[3])
  }

  @Test func `a piece whose weights are all zero adds nothing and a discarded gradient is gone`()
    throws
  {
    let policy = try Fixtures.smallPolicy()
    let batch = SequenceBatch(prompts: [[4, 5]], completions: [[[6, 7]]])
    let network = try #require(policy.network)
    try policy.accumulate(batch, weights: [0, 0])
    for tensor in network.layout.tensors {
      #expect(policy.gradient(of: tensor).allSatisfy { $0 == 0 })
    }
    try policy.accumulate(batch, weights: [1, -1])
    #expect(network.layout.tensors.contains { policy.gradient(of: $0).contains { $0 != 0 } })
    policy.discardGradient()
    for tensor in network.layout.tensors {
      #expect(policy.gradient(of: tensor).allSatisfy { $0 == 0 })
    }
  }
}
