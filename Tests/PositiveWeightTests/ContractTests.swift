import PluginTesting
import PositiveWeightPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: PositiveWeight.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
