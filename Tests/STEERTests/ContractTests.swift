import FulcrumKernel
import PluginTesting
import STEERPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["form": .text("exponential"), "least": .number(0.5)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: STEERObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
