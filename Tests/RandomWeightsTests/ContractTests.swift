import PluginTesting
import RandomWeightsPlugin
import Testing

@Suite struct ContractTests {
  @Test(arguments: PluginContract.checks(for: RandomWeights.self))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
