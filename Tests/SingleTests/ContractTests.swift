import FulcrumKernel
import PluginTesting
import SinglePlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["repeats": .integer(3)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: Single.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
