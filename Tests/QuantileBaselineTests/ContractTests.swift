import PluginTesting
import QuantileBaselinePlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: QuantileAdvantage.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
