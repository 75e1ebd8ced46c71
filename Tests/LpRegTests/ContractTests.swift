import LpRegPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: LpRegObjective.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
