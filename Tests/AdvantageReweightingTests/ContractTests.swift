import AdvantageReweightingPlugin
import FulcrumKernel
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["probability": .text("rollout"), "negative-only": .flag(true)],
    ["probability": .text("reference"), "mean-normalised": .flag(true)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: AdvantageReweighting.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
