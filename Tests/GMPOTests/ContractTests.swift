import GMPOPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: GMPOObjective.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
