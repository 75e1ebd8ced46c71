import FulcrumKernel
import GMPOPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["clip-low": .number(0.05), "clip-high": .number(2)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: GMPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
