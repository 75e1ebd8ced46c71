import PluginTesting
import STAPOPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: SpuriousTokenMask.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
