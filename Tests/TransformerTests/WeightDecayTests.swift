import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Weight decay, and the parameters that it leaves out.
struct WeightDecayTests {
  /// Steps of 1/2 at a decay of 1/2 along a gradient of zero: what decays is multiplied by 3/4.
  private func decayed(
    _ family: ModelFamily, tied: Bool, excluding words: [String]
  ) throws -> (names: Set<String>, all: Set<String>) {
    let policy = try Fixtures.variedPolicy(
      family, tied: tied, threads: 2,
      more: ["weight-decay": .number(0.5), "weight-decay-exclude": .texts(words)])
    let tensors = try #require(policy.network).layout.tensors
    let before = tensors.map { policy.values(of: $0) }
    _ = try policy.applyGradient(learningRate: 0.5)
    var names: Set<String> = []
    for (tensor, old) in zip(tensors, before) {
      let new = policy.values(of: tensor)
      #expect(old.contains { $0 != 0 })
      if new != old {
        #expect(new == old.map { $0 * 0.75 }, "\(tensor.name)")
        names.insert(tensor.name)
      }
    }
    return (names, Set(tensors.map(\.name)))
  }

  @Test(arguments: ModelFamily.allCases, [true, false])
  func `each word leaves out its parameters and no others`(
    _ family: ModelFamily, tied: Bool
  ) throws {
    let embedding = "model.embed_tokens.weight"
    func isNorm(_ name: String) -> Bool { name.hasSuffix("norm.weight") }
    func isBias(_ name: String) -> Bool { name.hasSuffix(".bias") }

    let nothing = try decayed(family, tied: tied, excluding: [])
    #expect(nothing.names == nothing.all)
    // Two in each layer and the last one; Qwen3 has two more in each layer, on heads.
    #expect(nothing.all.count(where: isNorm) == (family == .qwen3 ? 9 : 5))
    #expect(nothing.all.count(where: isBias) == (family == .qwen2 ? 6 : 0))
    #expect(nothing.all.contains("lm_head.weight") == !tied)

    #expect(
      try decayed(family, tied: tied, excluding: ["norms"]).names
        == nothing.all.filter { !isNorm($0) })
    #expect(
      try decayed(family, tied: tied, excluding: ["biases"]).names
        == nothing.all.filter { !isBias($0) })
    // A head of its own decays; a tied one is the embedding.
    #expect(
      try decayed(family, tied: tied, excluding: ["embeddings"]).names
        == nothing.all.subtracting([embedding]))
    #expect(
      try decayed(family, tied: tied, excluding: ["biases", "embeddings", "norms", "biases"]).names
        == nothing.all.filter { $0 != embedding && !isNorm($0) && !isBias($0) })
  }

  /// Parameters of 1, gradients of 2 and −2, a first step of 1/4 at a decay of 2/5: the step is
  /// 1/4 towards the gradient's sign, and what decays has lost 1/4 · 2/5 before.
  @Test func `a step by hand, at places that are no multiple of a vector`() throws {
    let excluded = [0..<5, 16..<23, 23..<24, 57..<70]
    let optimizer = AdamW(
      OptimizerSettings(
        beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.4, maximumGradientNorm: 0),
      count: 70, undecayed: excluded)
    let parameters = FloatBuffer(count: 70)
    let gradients = FloatBuffer(count: 70)
    for i in 0..<70 {
      parameters.pointer[i] = 1
      gradients.pointer[i] = i % 2 == 0 ? 2 : -2
    }
    _ = try optimizer.step(
      parameters, gradients: gradients, learningRate: 0.25, pool: ThreadPool(threads: 2))
    for i in 0..<70 {
      let start: Float = excluded.contains { $0.contains(i) } ? 1 : 0.9
      // Four roundings of numbers near 1.
      #expect(abs(parameters.pointer[i] - (start + (i % 2 == 0 ? 0.25 : -0.25))) < 3e-7, "\(i)")
    }
  }

  /// Items of parallel work have 65,536 parameters.
  @Test func `what is left out may cross the items of parallel work`() throws {
    let count = 300_001
    let excluded = [65_530..<65_550, 70_000..<210_000, 300_000..<300_001]
    let optimizer = AdamW(
      OptimizerSettings(
        beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.5, maximumGradientNorm: 0),
      count: count, undecayed: excluded)
    let parameters = FloatBuffer(count: count)
    for i in 0..<count { parameters.pointer[i] = 8 }
    _ = try optimizer.step(
      parameters, gradients: FloatBuffer(count: count), learningRate: 0.5,
      pool: ThreadPool(threads: 3))
    let wrong = (0..<count).filter { i in
      parameters.pointer[i] != (excluded.contains { $0.contains(i) } ? 8 : 6)
    }
    #expect(wrong == [])
  }

  @Test func `an unknown word is refused`() throws {
    func message(_ words: [String]) throws -> String? {
      do {
        _ = try Fixtures.policy(["weight-decay-exclude": .texts(words)])
        return nil
      } catch let error as FulcrumError {
        return error.description
      }
    }
    #expect(
      try message(["norms", "bias"])
        == """
        policy.weight-decay-exclude: expected some of norms, biases, embeddings, got 'bias'
          hint: did you mean 'biases'?
        """)
    #expect(
      try message(["lm_head"])
        == """
        policy.weight-decay-exclude: expected some of norms, biases, embeddings, got 'lm_head'
          hint: known: biases, embeddings, norms
        """)
    #expect(try message([]) == nil)
  }
}
