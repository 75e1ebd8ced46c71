import ASPOPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["cap": .number(1.25), "quantile": .number(0.5)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: ASPOObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
