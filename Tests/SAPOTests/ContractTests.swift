import FulcrumKernel
import PluginTesting
import SAPOPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["temperature-positive": .number(4)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: SAPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
