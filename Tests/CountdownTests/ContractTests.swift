import CountdownPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let tasks: [[String: ParameterValue]] = [
    [:],
    [
      "numbers": .integers([3, 4]), "operations": .texts(["+", "-", "*", "/"]),
      "order": .text("tree"), "prompt": .text("tinyzero-instruct"), "quit": .number(0.3),
    ],
  ]

  @Test(arguments: tasks.flatMap { PluginContract.checks(for: CountdownTask.self, $0) })
  func `the task keeps its contract`(check: ContractCheck) throws { try check.run() }

  private static let samples = [
    RewardSample(
      prompt: "17 17 3 make 68:",
      completion: " maybe17+17=34+3=37/68 nope try17*3=51+17=68/68 done",
      answer: #"{"target":68,"numbers":[17,17,3]}"#),
    RewardSample(
      prompt: "Assistant: <think>", completion: "</think>\n<answer> (17 * 3) + 17 </answer>",
      answer: #"{"target":68,"numbers":[17,17,3]}"#),
  ]

  private static let rewards: [([String: ParameterValue], [RewardSample])] = [
    ([:], samples), (["attempt": .text("first")], samples),
    (["rule": .text("tinyzero")], Array(samples.suffix(1))),
  ]

  @Test(
    arguments: PluginContract.checks(for: CountdownReward.self)
      + rewards.flatMap {
        PluginContract.checks(for: CountdownReward.self, $0, samples: $1)
      })
  func `the reward keeps its contract`(check: ContractCheck) throws { try check.run() }
}
