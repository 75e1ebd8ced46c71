import EntropyTopPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: EntropyTop.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
