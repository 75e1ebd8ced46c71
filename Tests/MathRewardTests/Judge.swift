import FulcrumKernel
import MathRewardPlugin

func make(_ given: [String: ParameterValue] = [:]) throws -> MathReward {
  let parameters = try Parameters(given, for: MathReward.manual.parameters, at: "reward")
  return try MathReward(parameters, context: ComponentContext())
}

/// Returns a completion's outcome, with the paper's rewards of 1 and 0.
func outcome(of completion: String, truth: String) throws -> RewardOutcome {
  try make().score(RewardSample(prompt: "", completion: completion, answer: truth)).outcome
}

/// Whether a boxed answer is taken for the truth.
func accepts(_ answer: String, as truth: String) throws -> Bool {
  switch try outcome(of: "So \\boxed{\(answer)}", truth: truth) {
  case .correct: return true
  case .wrong: return false
  case let other: throw FulcrumError(.data, "expected a verdict, got \(other.rawValue)")
  }
}

/// A generator for test data: Knuth's MMIX constants, high bits.
struct TestRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    // Two draws of 32 good bits each.
    var bits: UInt64 = 0
    for _ in 0..<2 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bits = bits << 32 | state >> 32
    }
    return bits
  }
}
