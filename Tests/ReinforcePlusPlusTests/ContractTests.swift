import FulcrumKernel
import PluginTesting
import ReinforcePlusPlusPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["baseline": .text("group")],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: BatchWhitening.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
