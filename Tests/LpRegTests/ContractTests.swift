import FulcrumKernel
import LpRegPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["share": .number(1), "min-p": .number(0.125), "clip-low": .number(0.2)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: LpRegObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
