import Foundation
import FulcrumKernel
import Testing
import TransformerFormats
import TransformerPlugin

/// Ways of cutting up and ordering the work, all of which must give one update.
///
/// A gradient is a sum over tokens, in float32: each way adds them in another order, and products of
/// other sizes add in other orders too. What is promised is therefore a distance, except between
/// numbers of threads, which no sum depends on.
struct InvarianceTests {
  /// Names a way to work through one batch; as it is made, it has the defaults.
  struct Way: Sendable, CustomTestStringConvertible {
    var microbatchTokens = 8192
    var packs = true
    var sharesPrompts = true
    var logitRows = 0
    /// Of the groups.
    var order = Array(0..<8)
    /// Calls between which the sequences are shared out; groups are cut.
    var calls = 1

    var testDescription: String {
      "pieces of \(microbatchTokens), packing \(packs), sharing \(sharesPrompts), logits of"
        + " \(logitRows), groups \(order), \(calls) calls"
    }

    var parameters: [String: ParameterValue] {
      [
        "microbatch-tokens": .integer(microbatchTokens), "packing": .flag(packs),
        "share-prompts": .flag(sharesPrompts), "logit-rows": .integer(logitRows),
      ]
    }
  }

  private static let reversed = Array((0..<8).reversed())
  private static let mixed = [3, 0, 7, 5, 1, 6, 2, 4]

  static let ways: [Way] = [
    Way(microbatchTokens: 1), Way(microbatchTokens: 40), Way(microbatchTokens: 64),
    Way(microbatchTokens: 100), Way(microbatchTokens: 150), Way(microbatchTokens: 256),
    Way(microbatchTokens: 300), Way(packs: false), Way(sharesPrompts: false),
    Way(microbatchTokens: 100, sharesPrompts: false),
    Way(microbatchTokens: 256, sharesPrompts: false), Way(packs: false, sharesPrompts: false),
    Way(logitRows: 1), Way(logitRows: 64), Way(logitRows: 96), Way(logitRows: 160),
    Way(logitRows: 320), Way(order: reversed), Way(order: mixed), Way(calls: 2), Way(calls: 5),
    Way(calls: 32),
    Way(microbatchTokens: 200, sharesPrompts: false, logitRows: 32, order: mixed, calls: 3),
    Way(packs: false, logitRows: 32, order: reversed),
    Way(microbatchTokens: 120, logitRows: 64, order: mixed, calls: 2),
    Way(sharesPrompts: false, logitRows: 96, order: reversed, calls: 4),
  ]

  /// Float32 by either library; bfloat16 rounds what it multiplies, so its sums differ by more.
  static let products = ProductTests.ways.filter { $0.precision == "f32" }

  /// Holds the results of a way.
  struct Outcome {
    /// Σ (w ∇ log π + v ∇ H), all tensors.
    var gradient: [Float] = []
    /// Parameters after a step minus before, all tensors.
    var update: [Float] = []
    var parameters: [Float] = []
    /// Log π of the completion tokens, in the batch's own order.
    var logProbabilities: [Float] = []
  }

  /// Eight groups of four samples, some 560 completion tokens after prompts of 1 to 33.
  private static let promptLengths = [1, 5, 12, 33, 2, 17, 24, 8]
  private static let groups: [(prompt: [Int32], completions: [[Int32]])] = {
    var state = 7
    func tokens(_ count: Int) -> [Int32] {
      (0..<count).map { _ in
        state = (state * 1103 + 12345) % 65537
        return Int32(3 + state % 250)
      }
    }
    return promptLengths.indices.map { group in
      (tokens(promptLengths[group]), (0..<4).map { tokens((group * 7 + $0 * 11) % 34 + 1) })
    }
  }()

  /// One group has no weights, neither of log π nor of the entropy.
  private static func weights(group: Int, sample: Int, token: Int) -> (Float, entropy: Float) {
    if group == 2 { return (0, 0) }
    let advantage: Float = [1.25, -0.75, 0.5, -1][sample]
    return (advantage * (1 + Float(token % 3) / 8) / 500, 0.25 / 500)
  }

  static func run(
    _ family: ModelFamily, _ way: Way, threads: Int, _ more: [String: ParameterValue],
    learningRate: Double = 0.01
  ) throws -> Outcome {
    let policy = try Fixtures.variedPolicy(
      family, threads: threads, more: more.merging(way.parameters) { _, new in new })
    let batch = SequenceBatch(
      prompts: way.order.map { groups[$0].prompt },
      completions: way.order.map { groups[$0].completions })
    let weights = way.order.flatMap { group in
      groups[group].completions.enumerated().flatMap { sample, tokens in
        tokens.indices.map { Self.weights(group: group, sample: sample, token: $0) }
      }
    }
    var logProbabilities: [Float] = []
    let count = batch.sequenceCount
    for call in 0..<way.calls {
      try policy.accumulateGradient(
        of: batch, sequences: count * call / way.calls..<count * (call + 1) / way.calls,
        request: ScoreRequest(temperature: 0.9), participants: .all
      ) { tokens, scores, logWeights, entropyWeights in
        if !way.packs {
          let isOneSequence = (0..<count).contains {
            batch.tokens(ofSequence: $0) == tokens[0]..<tokens[tokens.count - 1] + 1
          }
          #expect(isOneSequence)
        }
        for i in logWeights.indices {
          (logWeights[i], entropyWeights[i]) = weights[tokens[i]]
          logProbabilities.append(scores.logProbabilities[i])
        }
      }
    }
    var outcome = Outcome()
    for group in 0..<8 {
      let place = way.order.firstIndex(of: group) ?? 0
      outcome.logProbabilities +=
        logProbabilities[batch.tokens(ofSequences: batch.sequences(ofGroup: place))]
    }
    let tensors = try #require(policy.network).layout.tensors
    outcome.gradient = tensors.flatMap { policy.gradient(of: $0) }
    let before = tensors.flatMap { policy.values(of: $0) }
    _ = try policy.applyGradient(learningRate: learningRate)
    outcome.parameters = tensors.flatMap { policy.values(of: $0) }
    outcome.update = zip(outcome.parameters, before).map { $0 - $1 }
    return outcome
  }

  /// ‖x − y‖ / ‖y‖ over all parameters.
  private static func distance(_ x: [Float], from y: [Float]) -> Double {
    let square = zip(x, y).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    return (square / y.reduce(0) { $0 + Double($1) * Double($1) }).squareRoot()
  }

  /// Scores don't sum over rows.
  private func expectSameScores(
    _ got: Outcome, _ expected: Outcome, _ products: ProductTests.Way
  ) {
    if products.products != "openblas" || MatrixProduct.rowsStandAlone {
      let isSame = got.logProbabilities == expected.logProbabilities
      #expect(isSame)
    } else {
      // Sums of up to 40 products in two orders, through two layers; logits are below 4.
      let fault = zip(got.logProbabilities, expected.logProbabilities).reduce(0) {
        max($0, abs($1.0 - $1.1))
      }
      #expect(got.logProbabilities.count == expected.logProbabilities.count && fault < 1e-5)
    }
  }

  @Test(arguments: ModelFamily.allCases, products)
  func `26 ways give the same gradient, and threads the same bits`(
    _ family: ModelFamily, _ products: ProductTests.Way
  ) throws {
    let expected = try Self.run(family, Way(), threads: 1, products.parameters)
    #expect(Self.ways.count == 26)
    var others = 0
    for way in Self.ways {
      let one = try Self.run(family, way, threads: 1, products.parameters)
      // Relative to the norm of all: 600 rows summed in float32, each rounded at 6e-8. The worst was
      // 3e-7, and 8e-7 by OpenBLAS's kernels for AVX2, whose rows depend on their places.
      let distance = Self.distance(one.gradient, from: expected.gradient)
      #expect(distance < 1e-6, "\(way.testDescription): \(distance)")
      expectSameScores(one, expected, products)
      if one.gradient != expected.gradient { others += 1 }
      for threads in [2, 3] {
        let more = try Self.run(family, way, threads: threads, products.parameters)
        let isSame = more.gradient == one.gradient && more.parameters == one.parameters
        #expect(isSame, "\(way.testDescription), \(threads) threads")
      }
    }
    // Else the ways would not be other ways.
    #expect(others >= 24)
  }

  /// An epsilon above every gradient makes AdamW's first step η g / (|g| + ε) nearly linear, and this
  /// learning rate makes it larger than the parameters, whose own rounding is 6e-8 of them.
  @Test(arguments: ModelFamily.allCases, products)
  func `26 ways give the same update of an optimiser that is linear in the gradient`(
    _ family: ModelFamily, _ products: ProductTests.Way
  ) throws {
    let more = products.parameters.merging(
      ["epsilon": .number(1), "max-gradient-norm": .number(0)]) { _, new in new }
    let expected = try Self.run(family, Way(), threads: 2, more, learningRate: 100)
    for way in Self.ways {
      let got = try Self.run(family, way, threads: 2, more, learningRate: 100)
      let distance = Self.distance(got.update, from: expected.update)
      // As the gradient's; the worst was 8e-7 where it was that too.
      #expect(distance < 1e-6, "\(way.testDescription): \(distance)")
    }
  }

  /// With the default epsilon of 1e-8 the first step is nearly η · sign(g): where |g| is about as
  /// small as the rounding of sums, 1e-8 here, a relative error of 1 of it is one of the step too,
  /// and no order of sums in float32 is better. So the weights after it are held to 1e-6 of their
  /// norm (the worst was 3e-8, their own rounding), and the update to 1e-4 of its norm (5e-6): one of
  /// 16,000 parameters that is off by a hundredth of its step already makes 8e-5.
  @Test(arguments: ModelFamily.allCases, products)
  func `26 ways give the same weights after a step of the default optimiser`(
    _ family: ModelFamily, _ products: ProductTests.Way
  ) throws {
    let expected = try Self.run(
      family, Way(), threads: 2, products.parameters, learningRate: 1e-3)
    for way in Self.ways {
      let got = try Self.run(family, way, threads: 2, products.parameters, learningRate: 1e-3)
      let weights = Self.distance(got.parameters, from: expected.parameters)
      let update = Self.distance(got.update, from: expected.update)
      #expect(weights < 1e-6, "\(way.testDescription): \(weights)")
      #expect(update < 1e-4, "\(way.testDescription): \(update)")
    }
  }
}
