import FulcrumKernel
import OverlongPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    ["buffer": .integer(16)], ["buffer": .integer(4), "limit": .integer(64)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: OverlongReward.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
