import FulcrumKernel
import PluginTesting
import RolloutCorrectionPlugin
import Testing

@Suite struct ContractTests {
  private static let settings: [[String: ParameterValue]] = [
    [:], ["mode": .text("mask"), "lower": .number(0.5), "upper": .number(5)],
    ["level": .text("sequence"), "mode": .text("mask"), "upper": .number(3)],
    ["level": .text("sequence-mean"), "mode": .text("reject"), "upper": .number(1.01)],
    ["level": .text("sequence"), "mean-normalised": .flag(true), "veto": .number(0.001)],
  ]

  @Test(arguments: settings.flatMap { PluginContract.checks(for: RolloutCorrection.self, $0) })
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
