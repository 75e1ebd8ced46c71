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
}
