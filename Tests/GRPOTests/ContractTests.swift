import FulcrumKernel
import GRPOPlugin
import PluginTesting
import Testing

@Suite struct ContractTests {
  private static let scales: [[String: ParameterValue]] = [
    [:], ["scale": .text("batch")], ["scale": .text("none")],
  ]

  @Test(arguments: scales.flatMap { PluginContract.checks(for: GroupAdvantage.self, $0) })
  func `the transform keeps its contract`(check: ContractCheck) throws { try check.run() }

  private static let objectives: [[String: ParameterValue]] = [
    [:], ["importance-ratio": .text("sequence")], ["dual-clip": .number(3)],
  ]

  @Test(arguments: objectives.flatMap { PluginContract.checks(for: GRPOObjective.self, $0) })
  func `the objective keeps its contract`(check: ContractCheck) throws { try check.run() }

  /// Settings whose formula holds constant what moves in the loss, so that the loss has other
  /// slopes.
  private static let constants: [[String: ParameterValue]] = [
    ["importance-ratio": .text("sequence-token")], ["alpha": .number(0.5)],
  ]

  @Test(
    arguments: constants.flatMap {
      PluginContract.checks(for: GRPOObjective.self, $0)
        .without(
          "weights are minus the slopes of the losses",
          because: "the sequence's ratio and the reweighting are constants of the gradient")
    })
  func `the objective with constants keeps the rest of its contract`(check: ContractCheck) throws {
    try check.run()
  }
}
