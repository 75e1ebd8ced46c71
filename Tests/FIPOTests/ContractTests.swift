import FIPOPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: FIPOObjective.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
