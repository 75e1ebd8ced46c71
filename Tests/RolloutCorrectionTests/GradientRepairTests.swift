import Foundation
import FulcrumKernel
import Testing

/// The gradient that a batch of the sampler's completions gives in the mean, E_q[w R ∇ log π], with
/// the plugin's weights, against the trainer's own and against what theory says of each bias.
@Suite struct GradientRepairTests {
  typealias Problem = TwoTokenProblem

  private let sampled = Problem.completions.map {
    Problem.probability($0, temperature: 2)
  }
  private let trained = Problem.completions.map {
    Problem.probability($0, temperature: 1)
  }
  /// log π as `Float` is off by 2^-24 of at most 3.2 a token, a ratio of two tokens by four times
  /// that, the weight by 2^-24; central differences by 1e-10. The sum of the terms' sizes is below
  /// six times the gradient's.
  private let tolerance = 6 * (4 * 3.2 + 1) * 0x1p-24

  private func place(of completion: [Int32]) throws -> Int {
    try #require(Problem.completions.firstIndex(of: completion))
  }

  /// E_q[w R ∇ log π] with the plugin's weights.
  private func corrected(_ parameters: [String: ParameterValue]) throws -> [Double] {
    func logs(_ temperature: Double) -> [[Float]] {
      Problem.completions.map {
        Problem.logProbabilities($0, temperature: temperature).map(Float.init)
      }
    }
    let result = try Corrected(by: [parameters], old: logs(1), rollout: logs(2))
    var weights: [[Int32]: [Float]] = [:]
    var rest = result.advantages[...]
    for completion in Problem.completions {
      weights[completion] = Array(rest.prefix(completion.count))
      rest = rest.dropFirst(completion.count)
    }
    return Problem.gradient(
      share: { completion, _ in Problem.probability(completion, temperature: 2) },
      weight: { Double(weights[$0]?[$1] ?? .nan) })
  }

  /// What a truncation at C, or a mask above it, takes from the gradient: Σ_y lost(y) R ∇ log π.
  private func exactLess(_ lost: (_ sampled: Double, _ trained: Double) -> Double) -> [Double] {
    let bias = Problem.gradient(share: { completion, _ in
      let q = Problem.probability(completion, temperature: 2)
      return lost(q, Problem.probability(completion, temperature: 1))
    })
    return zip(Problem.onPolicyGradient, bias).map { $0 - $1 }
  }

  @Test func `the problem is whole, and the sampler's shares are 64ths`() {
    #expect(abs(trained.reduce(0, +) - 1) < 1e-14)
    #expect(sampled.allSatisfy { abs($0 * 64 - ($0 * 64).rounded()) < 1e-12 && $0 * 64 > 0.5 })
  }

  @Test func `without correction the gradient is off by 1.76 times its length and 47 degrees`() {
    let plain = Problem.gradient(share: { completion, _ in
      Problem.probability(completion, temperature: 2)
    })
    // Figures of an independent computation in NumPy, to their last digit.
    #expect(abs(distance(plain, from: Problem.onPolicyGradient) - 1.758286) < 1e-6)
    #expect(abs(cosine(plain, Problem.onPolicyGradient) - 0.679762) < 1e-6)
  }

  @Test(arguments: ["truncate", "mask"])
  func `the completion's ratio without bounds gives the trainer's own gradient`(mode: String) throws
  {
    let exact = try corrected([
      "level": .text("sequence"), "mode": .text(mode), "upper": .number(1e9),
    ])
    #expect(distance(exact, from: Problem.onPolicyGradient) < tolerance)
  }

  @Test(arguments: [1, 1.25, 1.5, 2])
  func `truncation at C leaves out what the trainer has above C times the sampler's`(
    upper: Double
  ) throws {
    let truncated = try corrected(["level": .text("sequence"), "upper": .number(upper)])
    let theory = exactLess { q, p in max(p - upper * q, 0) }
    #expect(distance(truncated, from: theory) < tolerance)
  }

  @Test func `a truncated gradient lies between, nearer with a wider bound`() throws {
    let distances = try [1, 1.25, 1.5, 2, 3].map { upper in
      let gradient = try corrected(["level": .text("sequence"), "upper": .number(upper)])
      return distance(gradient, from: Problem.onPolicyGradient)
    }
    #expect(distances[0] < 1.758286 && distances[4] < tolerance)
    #expect(zip(distances, distances.dropFirst()).allSatisfy { $0 > $1 })
    // NumPy's, as above.
    let expected = [0.427657, 0.356300, 0.253407, 0.047620]
    for (distance, figure) in zip(distances, expected) { #expect(abs(distance - figure) < 2e-6) }
  }

  @Test(arguments: [1, 1.5, 2])
  func `a mask above C leaves out all that the trainer has there`(upper: Double) throws {
    let masked = try corrected([
      "level": .text("sequence"), "mode": .text("mask"), "upper": .number(upper),
    ])
    #expect(distance(masked, from: exactLess { q, p in p > upper * q ? p : 0 }) < tolerance)
  }

  @Test func `the token's ratio repairs the token, not what stands before and after it`() throws {
    let tokenwise = try corrected(["upper": .number(1e9)])
    // Token t as the trainer draws it, all others as the sampler does.
    let theory = Problem.gradient(share: { completion, token in
      let q = Problem.logProbabilities(completion, temperature: 2)
      let p = Problem.logProbabilities(completion, temperature: 1)
      return exp(
        completion.indices.reduce(0) { $0 + ($1 == token ? p[$1] : q[$1]) })
    })
    #expect(distance(tokenwise, from: theory) < tolerance)
    let bias = distance(tokenwise, from: Problem.onPolicyGradient)
    #expect(abs(bias - 0.238637) < 2e-6)
  }

  @Test func `the geometric mean is a bias of its own`() throws {
    let mean = try corrected(["level": .text("sequence-mean"), "upper": .number(1e9)])
    #expect(abs(distance(mean, from: Problem.onPolicyGradient) - 0.329673) < 2e-6)
  }
}
