import FulcrumKernel
import MathRewardPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let samples = [
    RewardSample(prompt: "1/2?", completion: "It is \\boxed{0.5}.", answer: "\\frac{1}{2}"),
    RewardSample(prompt: "Solve.", completion: "<think>so</think>\\boxed{(1, 2)}", answer: "(1,2)"),
    RewardSample(prompt: "Root?", completion: "\\boxed{\\sqrt{3}", answer: "\\boxed{\\sqrt{3}}"),
  ]

  @Test(
    arguments: PluginContract.checks(for: MathReward.self)
      + PluginContract.checks(for: MathReward.self, samples: samples))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
