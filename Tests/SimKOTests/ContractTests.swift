import FulcrumKernel
import PluginTesting
import SimKOPlugin
import Testing

@Suite struct ContractTests {
  @Test(
    arguments: PluginContract.checks(for: SimKOObjective.self, ["alpha": .number(0.25)])
      .without(
        "candidates' weights are minus the slopes of their losses",
        because: "the candidates' part is sg(r / r_k) r_k: its value doesn't move with log π_k; the"
          + " golden file has the slopes"))
  func `the contract is kept`(check: ContractCheck) throws { try check.run() }
}
