import FIPOPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["influence-clip": .number(0), "half-life": .number(2), "dual-clip": .number(0)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: FIPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
