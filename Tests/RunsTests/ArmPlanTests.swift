import FulcrumKernel
import PluginHost
import Runs
import Settings
import Testing
import YAML

@Suite struct ArmPlanTests {
  private func tree(_ text: String) throws -> ConfigurationTree {
    try ConfigurationTree(text: text, file: "t.yaml")
  }

  @Test func `every arm is run with every seed, seed by seed`() throws {
    let plan = try ArmPlan(
      try tree(
        """
        seed: 5
        output: runs/a "b"
        schedule: both
        arms: [plain=schedule=single, "x / y=update.iterations=2"]
        """), seeds: 2)
    #expect(plan.folder == "runs/a \"b\"")
    #expect(
      plan.runs.map(\.arm) == ["as configured", "plain", "x / y"] + [
        "as configured", "plain", "x / y",
      ])
    #expect(plan.runs.map(\.seed) == [5, 5, 5, 6, 6, 6])
    #expect(
      plan.runs.map(\.output) == ["as-configured", "plain", "x-y"].map {
        "runs/a \"b\"/\($0)-seed-5"
      }
        + ["as-configured", "plain", "x-y"].map { "runs/a \"b\"/\($0)-seed-6" })
    for run in plan.runs {
      #expect(run.configuration.general.output == run.output)
      #expect(run.configuration.general.arm == run.arm)
      #expect(run.configuration.general.seed == run.seed)
      #expect(try !run.isDone())
    }
    #expect(
      try plan.runs.map { try $0.configuration.choice(.schedule).use }
        == ["both", "single", "both", "both", "single", "both"])
    #expect(
      plan.runs.map(\.configuration.update.iterations)
        == [1, 1, 2, 1, 1, 2])
  }

  @Test func `given arms replace the configuration's`() throws {
    let plan = try ArmPlan(
      try tree("arm: mine\narms: [plain=schedule=single]"),
      arms: [try ArmChoice("other=schedule=s")], seeds: 1)
    #expect(plan.runs.map(\.arm) == ["mine", "other"])
    #expect(plan.runs.map(\.output) == ["runs/fulcrum/mine-seed-1", "runs/fulcrum/other-seed-1"])
  }

  @Test func `arms that would share a folder are refused`() throws {
    #expect {
      _ = try ArmPlan(try tree("arms: ['a b=schedule=s', 'a:b=schedule=t']"), seeds: 1)
    } throws: { error in
      "\(error)"
        == "arm a:b: expected arms with folders of different names, got 'a-b' twice"
        + "\n  hint: names may differ in letters, digits, '.', '_', '+' and '-'"
    }
  }
}
