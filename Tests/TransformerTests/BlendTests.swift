import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// θ ← (1 − share) θ + share θ'.
struct BlendTests {
  private let batch = SequenceBatch(
    prompts: [[4, 5], [9]], completions: [[[6, 7], [8]], [[1, 2, 3]]])

  /// A policy whose products were readied, and another that some steps have moved away from it.
  private func pair(
    _ way: ProductTests.Way = ProductTests.openBLAS
  ) throws -> (TransformerPolicy, TransformerPolicy) {
    let policy = try Fixtures.variedPolicy(.qwen2, threads: 2, more: way.parameters)
    let other = try Fixtures.variedPolicy(.qwen2, more: way.parameters)
    for _ in 0..<3 {
      try other.accumulate(batch, weights: [1, -0.5, 2, 0.25, -1, 0.75])
      _ = try other.applyGradient(learningRate: 0.05)
    }
    #expect(
      try policy.allScores(batch).logProbabilities != other.allScores(batch).logProbabilities)
    return (policy, other)
  }

  private func generation(_ policy: TransformerPolicy) throws -> Generation {
    try policy.generate(
      GenerationRequest(
        prompts: [.init(tokens: [4, 5], id: 1)], samplesPerPrompt: 8, maximumTokens: 12,
        temperature: 1, seed: 3, step: 1))
  }

  private func message(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [0.3, 0.995, 1e-3])
  func `a blend agrees with Double`(share: Double) throws {
    let (policy, other) = try pair()
    let tensors = try #require(policy.network).layout.tensors
    let before = tensors.map { policy.values(of: $0) }
    let others = other.parameterBits
    try policy.blend(with: other, share: share)
    for (tensor, old) in zip(tensors, before) {
      let target = other.values(of: tensor)
      let new = policy.values(of: tensor)
      #expect(new != old && new != target)
      for i in old.indices {
        let exact = (1 - share) * Double(old[i]) + share * Double(target[i])
        // Two factors, two products and a sum, each rounded at 6e-8.
        #expect(abs(Double(new[i]) - exact) <= 2e-7 * Double(abs(old[i]) + abs(target[i])))
      }
    }
    #expect(other.parameterBits == others)
  }

  @Test func `a share of 0 changes nothing, and of 1 copies to the bit`() throws {
    let (policy, other) = try pair()
    let before = policy.parameterBits
    try policy.blend(with: other, share: 0)
    #expect(policy.parameterBits == before)
    try policy.blend(with: other, share: 1)
    #expect(policy.parameterBits == other.parameterBits)
    try policy.blend(with: policy, share: 1)
    #expect(policy.parameterBits == other.parameterBits)
  }

  /// oneDNN keeps the weights in an order of its own, and rounded for bfloat16.
  @Test(arguments: ProductTests.ways)
  func `scores and samples after a blend are those of the new weights`(
    _ way: ProductTests.Way
  ) throws {
    let (policy, other) = try pair(way)
    try policy.blend(with: other, share: 0.3)
    try Fixtures.withTemporaryFolder { folder in
      try policy.save(to: folder)
      let read = try Fixtures.policy(
        way.parameters.merging(["checkpoint": .text(folder)]) { _, new in new })
      #expect(
        try policy.allScores(batch).logProbabilities == read.allScores(batch).logProbabilities)
      #expect(try generation(policy).logProbabilities == generation(read).logProbabilities)
    }
    try policy.blend(with: other, share: 1)
    #expect(
      try policy.allScores(batch).logProbabilities == other.allScores(batch).logProbabilities)
    #expect(try generation(policy).logProbabilities == generation(other).logProbabilities)
  }

  @Test(arguments: [-0.1, 1.1, Double.nan, .infinity])
  func `a share out of range is refused`(share: Double) throws {
    let (policy, other) = try pair()
    let before = policy.parameterBits
    #expect(
      message { try policy.blend(with: other, share: share) }
        == "transformer: expected a share from 0 to 1 to blend with, got \(share)")
    #expect(policy.parameterBits == before)
  }

  @Test func `policies of another type or shape are refused`() throws {
    let policy = try Fixtures.smallPolicy()
    let before = policy.parameterBits
    #expect(
      message { try policy.blend(with: OtherPolicy(), share: 0.5) }
        == """
        transformer: expected a policy of the same type to blend with, got 'other'
          hint: policies that are blended start from one checkpoint
        """)
    let vocabulary = try #require(policy.network).shape.vocabularySize
    let wide = try Fixtures.smallPolicy(more: ["hidden-width": .integer(48)])
    #expect(
      message { try policy.blend(with: wide, share: 0.5) }
        == """
        transformer: expected a policy of the same shape to blend with: llama, 2 layers of width \
        24 and hidden width 40, 4 heads (2 for keys) of size 6, \(vocabulary) tokens, tied; got \
        llama, 2 layers of width 24 and hidden width 48, 4 heads (2 for keys) of size 6, \
        \(vocabulary) tokens, tied
          hint: policies that are blended start from one checkpoint
        """)
    let others = try [
      Fixtures.smallPolicy(tied: false), Fixtures.smallPolicy(more: ["family": .text("qwen2")]),
      Fixtures.smallPolicy(more: ["layers": .integer(1)]),
      Fixtures.smallPolicy(more: ["key-value-heads": .integer(4)]),
    ]
    for other in others {
      #expect(
        message { try policy.blend(with: other, share: 0.5) }?
          .hasPrefix("transformer: expected a policy of the same shape") == true)
    }
    #expect(policy.parameterBits == before)
    #expect(
      message { try policy.blend(with: Fixtures.policy([:]), share: 0.5) }?
        .hasPrefix("transformer: the policy has no model yet") == true)
  }
}

/// A policy of another plugin, which can do nothing.
private final class OtherPolicy: PolicyModel {
  static let manual = ComponentManual(name: "other", summary: "", source: "")

  let summary = ""
  let parameterCount = 0
  let contextLength = 0
  let endToken: Int32 = 0
  let isReady = true

  init() {}
  init(_ parameters: Parameters, context: ComponentContext) throws(FulcrumError) {}

  private func refusal() -> FulcrumError { FulcrumError(.unsupported, "not here") }

  func encode(_ text: String) throws(FulcrumError) -> [Int32] { throw refusal() }
  func decode(_ tokens: [Int32], keepingSpecialTokens: Bool) throws(FulcrumError) -> String {
    throw refusal()
  }
  func generate(_ request: GenerationRequest) throws(FulcrumError) -> Generation {
    throw refusal()
  }
  func score(
    _ batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    visit: (_ tokens: Range<Int>, _ scores: borrowing TokenScores) throws(FulcrumError) -> Void
  ) throws(FulcrumError) { throw refusal() }
  func accumulateGradient(
    of batch: SequenceBatch, sequences: Range<Int>, request: ScoreRequest,
    participants: TokenMask,
    weigh: (
      _ tokens: Span<Int>, _ scores: borrowing TokenScores, _ weights: inout MutableSpan<Float>
    ) throws(FulcrumError) -> Void
  ) throws(FulcrumError) { throw refusal() }
  func applyGradient(learningRate: Double) throws(FulcrumError) -> GradientReport {
    throw refusal()
  }
  func discardGradient() {}
  func save(to directory: String) throws(FulcrumError) { throw refusal() }
  func saveOptimizer(to directory: String) throws(FulcrumError) { throw refusal() }
  func loadOptimizer(from directory: String) throws(FulcrumError) { throw refusal() }
}
