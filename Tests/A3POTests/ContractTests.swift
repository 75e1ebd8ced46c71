import A3POPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: PolarityShaping.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
