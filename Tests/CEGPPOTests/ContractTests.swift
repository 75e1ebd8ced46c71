import CEGPPOPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["dual-clip": .number(1.5), "beta-low": .number(1)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: CEGPPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
