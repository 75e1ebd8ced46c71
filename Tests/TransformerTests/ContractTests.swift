import FulcrumKernel
import PluginTesting
import Testing
import TransformerPlugin

@Suite struct ContractTests {
  private static let small: [String: ParameterValue] = [
    "vocabulary": .integer(300), "width": .integer(32), "layers": .integer(2), "heads": .integer(2),
    "context": .integer(64),
  ]

  @Test(arguments: PluginContract.checks(for: TransformerPolicy.self, small))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }

  @Test(
    arguments: PluginContract.checks(
      for: TransformerPolicy.self,
      ["checkpoint": .text(Fixtures.checkpoint("tiny-qwen3")), "lora-rank": .integer(4)]))
  func `the contract is kept with adapters`(check: ContractCheck) throws { try check.run() }
}
