import FulcrumKernel
import PluginTesting
import Testing
import TorchPlugin

@Suite("the contract of a policy, over the wire") struct ContractTests {
  @Test(arguments: PluginContract.checks(for: TorchPolicy.self, Bench.parameters()))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }

  @Test(
    arguments: PluginContract.checks(
      for: TorchPolicy.self,
      Bench.parameters(["microbatch-tokens": .integer(1), "optimizer": .text("sgd")])))
  func `the contract is kept in pieces of a sequence`(check: ContractCheck) throws {
    try check.run()
  }
}
