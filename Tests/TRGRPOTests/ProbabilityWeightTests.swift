import Foundation
import FulcrumKernel
import TRGRPOPlugin
import Testing

private func make(_ given: [String: ParameterValue] = [:]) throws -> ProbabilityWeight {
  let parameters = try Parameters(
    given, for: ProbabilityWeight.manual.parameters, at: "advantage[1]")
  return try ProbabilityWeight(parameters, context: ComponentContext())
}

/// What becomes of advantages of tokens of these probabilities.
private func weighed(
  _ advantages: [Float], probabilities: [Double], _ given: [String: ParameterValue] = [:]
) throws -> [Float] {
  try weighed(advantages, logs: probabilities.map { Float(log($0)) }, given)
}

private func weighed(
  _ advantages: [Float], logs: [Float], _ given: [String: ParameterValue] = [:]
) throws -> [Float] {
  let batch = RolloutBatch(
    sequences: SequenceBatch(prompts: [[1]], completions: [[advantages.map { _ in 7 }]]),
    rewards: [0], columns: [.oldLogProbabilities: logs])
  var result = advantages
  var span = result.mutableSpan
  try make(given).transform(&span, of: batch)
  return result
}

private func close(_ result: [Float], _ expected: [Double]) -> Bool {
  // log π is rounded to Float, by 2^-24 of at most 3; then one rounding of the product.
  zip(result, expected).allSatisfy { abs(Double($0) - $1) <= 4 * 0x1p-24 * max(abs($1), 1) }
}

@Suite struct ProbabilityWeightTests {
  @Test func `TR-GRPO's weights run from 1 to 1.4`() throws {
    // π = 0: 2 (σ(0) − 1/4) = 1/2, held at 1. π = 1: 2 (σ(9) − 1/4) = 1.4998, held at 1.4.
    let result = try weighed([1, -2, 4], logs: [-.infinity, 0, -1000])
    #expect(result == [1, -2.8, 4])
    // π = 1/5: σ(1.8) = 1/(1 + e^-1.8) = 0.858149; 2 · 0.608149 = 1.216298.
    #expect(abs(try weighed([1], probabilities: [0.2])[0] - 1.216298) < 1e-6)
    // Where 9 π = log 3 the weight leaves 1: σ = 3/4.
    #expect(try weighed([1, 1], probabilities: [log(3.0) / 9 - 1e-4, 0.1]) == [1, 1])
    #expect(try weighed([1], probabilities: [log(3.0) / 9 + 1e-3])[0] > 1)
  }

  @Test func `with tau 9 every weight is the lower bound`() throws {
    let result = try weighed(
      [1, 1, 1], probabilities: [1e-9, 0.5, 1], ["tau": .number(9), "lower": .number(0.625)])
    #expect(result == [0.625, 0.625, 0.625])
  }

  @Test func `each form is its formula`() throws {
    let p = [0.0625, 0.25, 0.5, 1]
    func of(_ form: String, _ alpha: Double) throws -> [Float] {
      try weighed(
        [1, 1, 1, 1], probabilities: p,
        ["form": .text(form), "alpha": .number(alpha), "mu": .number(0.5)])
    }
    #expect(close(try of("linear", 0.5), [0.53125, 0.625, 0.75, 1]))
    #expect(close(try of("power", 0.5), [0.25, 0.5, 0.707106781186548, 1]))
    #expect(close(try of("power", 0), [1, 1, 1, 1]))
    // 1/(1.5 − π): 1/1.4375, 1/1.25, 1 and 2.
    #expect(close(try of("inverse", 0.5), [0.695652173913043, 0.8, 1, 2]))
    // π (1 − π) = 15/256, 3/16, 1/4 and 0, and 1/2 more.
    #expect(close(try of("middle", 0.5), [0.55859375, 0.6875, 0.75, 0.5]))
    // 2 σ(4 (π − 1/2)): σ(−1.75), σ(−1), σ(0), σ(2).
    #expect(
      close(
        try of("centred-sigmoid", 4),
        [0.296094290, 0.537882842739990, 1, 1.761594155955765]))
  }

  @Test func `all forms but middle grow with the probability, and keep the sign`() throws {
    let p = (1...50).map { Double($0) / 50 }
    for (form, alpha) in [
      ("sigmoid", 2), ("centred-sigmoid", 3), ("linear", 0.7), ("power", 0.3), ("inverse", 0.1),
    ] {
      let given: [String: ParameterValue] = ["form": .text(form), "alpha": .number(alpha)]
      let result = try weighed(Array(repeating: -1, count: 50), probabilities: p, given)
      #expect(zip(result, result.dropFirst()).allSatisfy { $0 >= $1 && $0 < 0 }, "\(form)")
    }
  }

  @Test func `mean-normalised divides by the mean of the weights`() throws {
    // Weights 1/2, 1, 1/4 and 1/4 have mean 1/2.
    let result = try weighed(
      [1, -1, 4, 0], probabilities: [0.25, 1, 0.0625, 0.0625],
      ["form": .text("power"), "alpha": .number(0.5), "mean-normalised": .flag(true)])
    #expect(close(result, [1, -2, 2, 0]))
  }

  @Test func `if all weights are zero so are the advantages`() throws {
    let given: [String: ParameterValue] = ["form": .text("power"), "mean-normalised": .flag(true)]
    #expect(try weighed([1, -1], logs: [-1000, -.infinity], given) == [0, 0])
  }

  @Test func `an impossible token and the greatest advantage give finite numbers`() throws {
    for form in ["sigmoid", "centred-sigmoid", "power", "inverse", "middle"] {
      let given: [String: ParameterValue] = ["form": .text(form), "alpha": .number(1e6)]
      let result = try weighed(
        [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0], logs: [-.infinity, 0, 0], given)
      #expect(result.allSatisfy { $0.isFinite }, "\(form)")
    }
  }

  @Test func `a batch without tokens is passed over`() throws {
    #expect(try weighed([], logs: [], ["mean-normalised": .flag(true)]).isEmpty)
  }

  @Test func `the defaults are TR-GRPO's, and alpha damps tokens`() throws {
    let parameters = ProbabilityWeight.manual.parameters
    #expect(
      parameters.map(\.defaultValue)
        == [
          .text("sigmoid"), .number(2), .number(1.0 / 9), .number(0.25), .number(1), .number(1.4),
          .flag(false),
        ])
    #expect(parameters.filter { $0.meaning == .tokenDamping }.map(\.name) == ["alpha"])
    #expect(try make().needs == [.oldLogProbabilities])
    #expect(ProbabilityWeight.manual.formula.hasPrefix("A ← g(p) A"))
  }

  @Test(
    arguments: [
      (
        ["form": .text("linear")],
        """
        advantage[1].alpha: expected a number in 0.0...1.0 with form linear, got 2.0
          hint: above 1 the sign of unlikely tokens' advantages would turn
        """
      ),
      (
        ["form": .text("inverse"), "alpha": .number(0)],
        """
        advantage[1].alpha: expected a number above 0 with form inverse, got 0.0
          hint: 1 / (1 - p) is infinite for a certain token
        """
      ),
      (
        ["lower": .number(2)],
        """
        advantage[1].upper: expected at least lower, 2.0, got 1.4
          hint: weights lie between lower and upper
        """
      ),
    ] as [([String: ParameterValue], String)])
  func `what a form has no sense for is refused`(given: [String: ParameterValue], text: String) {
    let error = #expect(throws: FulcrumError.self) { try make(given) }
    #expect(error?.description == text)
  }

  @Test func `a batch without old-log-probabilities is refused`() throws {
    let transform = try make()
    let batch = RolloutBatch(
      sequences: SequenceBatch(prompts: [[1]], completions: [[[5]]]), rewards: [0])
    let error = #expect(throws: FulcrumError.self) {
      var advantages: [Float] = [1]
      var span = advantages.mutableSpan
      try transform.transform(&span, of: batch)
    }
    #expect(error?.message == "column old-log-probabilities was not computed")
  }

  @Test func `the entry function registers one advantage transform`() {
    let registrar = PluginRegistrar()
    fulcrumPluginTRGRPO(Unmanaged.passUnretained(registrar).toOpaque())
    #expect(registrar.pluginName == "tr-grpo")
    #expect(registrar.pluginVersion == "0.1.0")
    #expect(registrar.components.map(\.kind) == [.advantageTransform])
    #expect(registrar.components.map(\.manual.name) == ["tr-grpo"])
    #expect(registrar.failure == nil)
  }
}
