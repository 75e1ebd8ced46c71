import FulcrumKernel
import PluginTesting
import RandomSplitPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["order": .text("high-first")], ["quantile": .number(0.25)],
    ["quantile": .number(0.5), "split-per": .text("minibatch")],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: RandomSplit.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
