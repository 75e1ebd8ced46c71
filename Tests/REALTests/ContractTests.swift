import PluginTesting
import REALPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: REALObjective.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
