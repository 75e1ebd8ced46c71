import FulcrumKernel
import KnightsAndKnavesPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let tasks: [[String: ParameterValue]] = [
    [:], ["people": .integers([5]), "wording": .text("island"), "trace": .text("short")],
    ["people": .integers([2, 3]), "wording": .text("terse"), "trace": .text("wordy")],
  ]

  @Test(arguments: tasks.flatMap { PluginContract.checks(for: KnightsAndKnavesTask.self, $0) })
  func `the task keeps its contract`(check: ContractCheck) throws { try check.run() }

  private static let samples = [
    RewardSample(
      prompt: "<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n<think>",
      completion: "So.</think><answer>(1) Ann is a knight\n(2) Bob is a knave</answer>",
      answer: "(1) Ann is a knight\n(2) Bob is a knave")
  ]

  @Test(
    arguments: PluginContract.checks(for: KnightsAndKnavesReward.self)
      + PluginContract.checks(for: KnightsAndKnavesReward.self, samples: samples)
      + PluginContract.checks(
        for: KnightsAndKnavesReward.self, ["attempt": .text("first")], samples: samples))
  func `the reward keeps its contract`(check: ContractCheck) throws { try check.run() }
}
