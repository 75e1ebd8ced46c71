import FulcrumKernel
import PluginTesting
import Testing
import TorchPlugin

@Suite("the contract of a policy, over the wire") struct ContractTests {
  @Test(arguments: PluginContract.checks(for: TorchPolicy.self, Bench.parameters()))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }

  /// The checks of steps, by an engine that computes each sequence for itself.
  private static let pieces = PluginContract.checks(
    for: TorchPolicy.self,
    Bench.parameters(["microbatch-tokens": .integer(1), "optimizer": .text("sgd")])
  ).filter { $0.name.contains("step") || $0.name.contains("take part") }

  @Test(arguments: pieces)
  func `the contract is kept in pieces of a sequence`(check: ContractCheck) throws {
    try check.run()
  }
}
