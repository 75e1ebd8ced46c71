import DPPOPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["divergence": .text("kl"), "bound-low": .number(0.05)], ["anchor": .text("rollout")],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: DPPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
