import PluginTesting
import TRGRPOPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: ProbabilityWeight.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
