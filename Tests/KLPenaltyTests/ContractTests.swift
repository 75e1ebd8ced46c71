import FulcrumKernel
import KLPenaltyPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let rewards: [[String: ParameterValue]] = [
    [:], ["beta": .number(0)], ["beta": .number(0.5), "estimator": .text("k3")],
    ["beta": .number(0.5), "estimator": .text("k2"), "clamp": .flag(true)],
  ]

  @Test(arguments: rewards.flatMap { PluginContract.checks(for: KLReward.self, $0) })
  func `the transform keeps its contract`(check: ContractCheck) throws { try check.run() }

  private static let objectives: [[String: ParameterValue]] = [
    [:], ["beta": .number(0)], ["estimator": .text("k1")],
    ["estimator": .text("k2"), "clamp": .flag(false)],
    ["estimator": .text("k3"), "clamp": .flag(false)],
  ]

  @Test(arguments: objectives.flatMap { PluginContract.checks(for: KLObjective.self, $0) })
  func `the objective keeps its contract`(check: ContractCheck) throws { try check.run() }

  @Test(
    arguments: PluginContract.checks(for: KLObjective.self, ["gradient": .text("k2")])
      .without(
        "weights are minus the slopes of the losses",
        because: "the gradient is of another estimator"))
  func `the objective with another gradient keeps the rest of its contract`(
    check: ContractCheck
  ) throws {
    try check.run()
  }
}
