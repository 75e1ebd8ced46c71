import FulcrumKernel
import PluginTesting
import SimKOPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: SimKOObjective.self, ["alpha": .number(0.25)]))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
