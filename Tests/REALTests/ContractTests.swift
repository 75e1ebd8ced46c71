import FulcrumKernel
import PluginTesting
import REALPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["temperature": .number(0.05)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: REALObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
