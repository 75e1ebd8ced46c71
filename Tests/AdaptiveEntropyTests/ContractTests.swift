import AdaptiveEntropyPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  @Test(
    arguments: PluginContract.checks(
      for: AdaptiveEntropy.self, ["initial": .number(0.001), "target": .number(20)]))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
