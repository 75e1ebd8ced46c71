import PluginTesting
import RLOOPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: LeaveOneOut.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
