import ArcherPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["kl-mean": .text("sequence"), "high-entropy-beta": .number(0.5)], ["beta": .number(0)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: ArcherObjective.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
