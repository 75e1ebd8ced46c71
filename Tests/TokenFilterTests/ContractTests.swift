import FulcrumKernel
import PluginTesting
import Testing
import TokenFilterPlugin

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    ["from": .number(0), "to": .number(0.5)], ["from": .number(0.25), "to": .number(1)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: TokenFilter.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
